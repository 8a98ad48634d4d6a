// SPDX-License-Identifier: Apache-2.0
#include "core/constraint.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace hone {

/// Recursive descent by precedence; writes the steps in postfix order.
class ConstraintParser {
 public:
  using Names = std::vector<std::pair<std::string, Constraint::Type>>;
  ConstraintParser(std::string_view text, const Names& names) : text_(text), names_(names) {}

  Result<Constraint> Run() {
    HONE_ASSIGN_OR_RETURN(const Kind kind, Level(0));
    Skip();
    if (at_ < text_.size()) {
      return Wrong("expected an operator or the end");
    }
    if (kind != Kind::kTruth) {
      return Wrong("the whole must be a comparison, which is true or false");
    }
    return std::move(out_);
  }

 private:
  enum class Kind { kNumber, kText, kTruth };
  using Op = Constraint::Op;
  using Binary = Constraint::Binary;
  struct Operator {
    std::string_view word;
    Binary binary;
    int level;
  };
  // Longer words stand before their own beginnings.
  static constexpr std::array<Operator, 12> kOperators = {{{"||", Binary::kOr, 0},
                                                           {"&&", Binary::kAnd, 1},
                                                           {"<=", Binary::kLe, 2},
                                                           {">=", Binary::kGe, 2},
                                                           {"==", Binary::kEq, 2},
                                                           {"!=", Binary::kNe, 2},
                                                           {"<", Binary::kLt, 2},
                                                           {">", Binary::kGt, 2},
                                                           {"+", Binary::kAdd, 3},
                                                           {"-", Binary::kSub, 3},
                                                           {"*", Binary::kMul, 4},
                                                           {"/", Binary::kDiv, 4}}};
  static constexpr int kUnaryLevel = 5;

  tl::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(Code::kInvalidArgument, "column " + std::to_string(at_ + 1) + ": " + what);
  }

  void Skip() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  std::optional<Binary> TakeOperator(int level) {
    Skip();
    const auto* const op =
        std::find_if(kOperators.begin(), kOperators.end(), [this](const Operator& candidate) {
          return text_.substr(at_).starts_with(candidate.word);
        });
    if (op == kOperators.end() || op->level != level) {
      return std::nullopt;
    }
    at_ += op->word.size();
    return op->binary;
  }

  Result<Kind> Level(int level) {
    if (level == kUnaryLevel) {
      return Unary();
    }
    HONE_ASSIGN_OR_RETURN(Kind left, Level(level + 1));
    while (const std::optional<Binary> op = TakeOperator(level)) {
      HONE_ASSIGN_OR_RETURN(const Kind right, Level(level + 1));
      const bool equality = *op == Binary::kEq || *op == Binary::kNe;
      const Kind needed = level < 2 ? Kind::kTruth : Kind::kNumber;
      if (left != right || (left != needed && !(equality && left == Kind::kText))) {
        return Wrong("the two sides of the operator before have the wrong types");
      }
      out_.steps_.push_back({.op = Op::kBinary, .binary = *op, .number = 0, .text = {}, .name = 0});
      left = level <= 2 ? Kind::kTruth : Kind::kNumber;
    }
    return left;
  }

  Result<Kind> Unary() {
    if (++depth_ > Constraint::kMostDepth) {
      return Wrong("nested too deeply (at most " + std::to_string(Constraint::kMostDepth) + ")");
    }
    Skip();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    Result<Kind> kind = first == '!' || first == '-' ? Prefixed(first) : Primary(first);
    --depth_;
    return kind;
  }

  Result<Kind> Prefixed(char sign) {
    ++at_;
    HONE_ASSIGN_OR_RETURN(const Kind kind, Unary());
    if (kind != (sign == '!' ? Kind::kTruth : Kind::kNumber)) {
      return Wrong(sign == '!' ? "'!' needs a comparison" : "'-' needs a number");
    }
    Constraint::Step step;
    step.op = sign == '!' ? Op::kNot : Op::kNegate;
    out_.steps_.push_back(step);
    return kind;
  }

  Result<Kind> Primary(char first) {
    if (first == '(') {
      ++at_;
      HONE_ASSIGN_OR_RETURN(const Kind kind, Level(0));
      Skip();
      if (at_ >= text_.size() || text_[at_] != ')') {
        return Wrong("expected ')'");
      }
      ++at_;
      return kind;
    }
    if (first == '"' || first == '`') {
      return Quoted(first);
    }
    const std::size_t start = at_;
    const bool digit = (first >= '0' && first <= '9') || first == '.';
    while (at_ < text_.size() && IsWord(text_[at_], digit)) {
      ++at_;
    }
    const std::string_view word = text_.substr(start, at_ - start);
    if (!digit) {
      return Name(word);
    }
    const std::optional<double> number = ParseDouble(word);
    if (!number) {
      return Wrong("not a number: " + Printable(word, 60));
    }
    Constraint::Step step;
    step.number = *number;
    out_.steps_.push_back(step);
    return Kind::kNumber;
  }

  /// In a number, a sign belongs to it after an exponent's letter.
  bool IsWord(char c, bool number) const {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    const bool exponent = at_ > 0 && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
    return letter || digit || (number && (c == '.' || ((c == '-' || c == '+') && exponent)));
  }

  Result<Kind> Quoted(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      return Wrong("the quote is not closed");
    }
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (quote == '`') {
      return Name(inside);
    }
    Constraint::Step step;
    step.op = Op::kText;
    step.text = inside;
    out_.steps_.push_back(step);
    return Kind::kText;
  }

  Result<Kind> Name(std::string_view word) {
    const auto found = std::find_if(names_.begin(), names_.end(),
                                    [word](const auto& name) { return name.first == word; });
    if (word.empty() || found == names_.end()) {
      return Wrong(word.empty() ? "expected a number, a text or a parameter"
                                : "there is no parameter " + hone::Quoted(word));
    }
    Constraint::Step step;
    step.op = Op::kName;
    step.name = static_cast<std::size_t>(found - names_.begin());
    out_.names_.push_back(step.name);
    out_.steps_.push_back(step);
    return found->second == Constraint::Type::kNumber ? Kind::kNumber : Kind::kText;
  }

  std::string_view text_;
  const Names& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Constraint out_;
};

Result<Constraint> Constraint::Parse(std::string_view text,
                                     const std::vector<std::pair<std::string, Type>>& names) {
  if (text.size() > kMostBytes) {
    return Fail(Code::kInvalidArgument,
                "must not be longer than " + std::to_string(kMostBytes) + " bytes");
  }
  return ConstraintParser(text, names).Run();
}

double Constraint::Numbers(Binary op, double a, double b) {
  switch (op) {
    case Binary::kAdd:
      return a + b;
    case Binary::kSub:
      return a - b;
    case Binary::kMul:
      return a * b;
    case Binary::kDiv:
      return a / b;
    case Binary::kLt:
      return a < b ? 1 : 0;
    case Binary::kLe:
      return a <= b ? 1 : 0;
    case Binary::kGt:
      return a > b ? 1 : 0;
    case Binary::kGe:
      return a >= b ? 1 : 0;
    case Binary::kEq:
      return a == b ? 1 : 0;
    case Binary::kNe:
      return a != b ? 1 : 0;
    case Binary::kAnd:
      return a != 0 && b != 0 ? 1 : 0;
    case Binary::kOr:
      return a != 0 || b != 0 ? 1 : 0;
  }
  return 0;
}

void Constraint::Combine(Binary op, std::vector<Value>& stack) {
  const Value right = stack.back();
  stack.pop_back();
  Value& left = stack.back();
  if (std::holds_alternative<double>(left)) {
    left = Numbers(op, std::get<double>(left), std::get<double>(right));
  } else {
    left = (left == right) == (op == Binary::kEq) ? 1.0 : 0.0;
  }
}

bool Constraint::Holds(std::span<const Value> values) const {
  std::vector<Value> stack;
  for (const Step& step : steps_) {
    switch (step.op) {
      case Op::kNumber:
        stack.emplace_back(step.number);
        break;
      case Op::kText:
        stack.emplace_back(std::string_view(step.text));
        break;
      case Op::kName:
        stack.push_back(values[step.name]);
        break;
      case Op::kNegate:
        stack.back() = -std::get<double>(stack.back());
        break;
      case Op::kNot:
        stack.back() = std::get<double>(stack.back()) == 0 ? 1.0 : 0.0;
        break;
      case Op::kBinary:
        Combine(step.binary, stack);
        break;
    }
  }
  return std::get<double>(stack.back()) != 0;
}

}  // namespace hone
