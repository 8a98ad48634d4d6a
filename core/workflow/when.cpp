// SPDX-License-Identifier: Apache-2.0
#include "core/workflow/when.h"

#include <array>
#include <string>

#include "base/text.h"

namespace hone::workflow {
namespace {

constexpr int kDeepest = 50;  // brackets within brackets
constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<=", ">=", "<", ">"};

struct Operand {
  std::string text;
  bool quoted = false;
};

/// Recursive descent over: or = and {"||" and}; and = not {"&&" not}; not = "!" not | "(" or ")" |
/// operand [operator operand].
class Reader {
 public:
  Reader(std::string_view text, const TagValue& value) : text_(text), value_(value) {}

  Result<bool> ReadAll() {
    HONE_ASSIGN_OR_RETURN(const bool holds, ReadOr());
    SkipBlanks();
    if (at_ != text_.size()) {
      return Unreadable();
    }
    return holds;
  }

 private:
  Result<bool> ReadOr() {
    HONE_ASSIGN_OR_RETURN(bool holds, ReadAnd());
    while (Take("||")) {
      HONE_ASSIGN_OR_RETURN(const bool other, ReadAnd());
      holds = holds || other;
    }
    return holds;
  }

  Result<bool> ReadAnd() {
    HONE_ASSIGN_OR_RETURN(bool holds, ReadNot());
    while (Take("&&")) {
      HONE_ASSIGN_OR_RETURN(const bool other, ReadNot());
      holds = holds && other;
    }
    return holds;
  }

  Result<bool> ReadNot() {
    if (++depth_ > kDeepest) {
      return Unreadable();
    }
    Result<bool> holds = ReadNotInside();
    --depth_;
    return holds;
  }

  Result<bool> ReadNotInside() {
    SkipBlanks();
    if (!text_.substr(at_).starts_with("!=") && Take("!")) {
      HONE_ASSIGN_OR_RETURN(const bool holds, ReadNot());
      return !holds;
    }
    if (Take("(")) {
      HONE_ASSIGN_OR_RETURN(const bool holds, ReadOr());
      return Take(")") ? Result<bool>(holds) : Unreadable();
    }
    return ReadComparison();
  }

  Result<bool> ReadComparison() {
    HONE_ASSIGN_OR_RETURN(const Operand left, ReadOperand());
    if (const std::string_view op = TakeOperator(); !op.empty()) {
      HONE_ASSIGN_OR_RETURN(const Operand right, ReadOperand());
      return Compare(left.text, op, right.text);
    }
    if (left.text == "true" || left.text == "false") {
      return left.text == "true";
    }
    return Unreadable();
  }

  std::string_view TakeOperator() {
    for (const std::string_view op : kOperators) {
      if (Take(op)) {
        return op;
      }
    }
    return "";
  }

  static bool Compare(const std::string& left, std::string_view op, const std::string& right) {
    const auto a = ParseDouble(left);
    const auto b = ParseDouble(right);
    const bool numbers = a && b;
    const bool equal = numbers ? *a == *b : left == right;
    const bool less = numbers ? *a < *b : left < right;
    if (op == "==" || op == "!=") {
      return equal == (op == "==");
    }
    if (op == "<" || op == "<=") {
      return less || (equal && op == "<=");
    }
    return numbers ? *a > *b || (equal && op == ">=") : !less && (!equal || op == ">=");
  }

  Result<Operand> ReadOperand() {
    SkipBlanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      return ReadQuoted(text_[at_]);
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && !EndsWord()) {
      const std::size_t close = InTag() ? text_.find("}}", at_) : std::string_view::npos;
      at_ = close == std::string_view::npos ? at_ + 1 : close + 2;
    }
    if (at_ == begin) {
      return Unreadable();
    }
    return Filled(text_.substr(begin, at_ - begin), false);
  }

  Result<Operand> ReadQuoted(char quote) {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      const std::size_t close = InTag() ? text_.find("}}", at_) : std::string_view::npos;
      at_ = close == std::string_view::npos ? at_ + 1 : close + 2;
    }
    if (at_ >= text_.size()) {
      return Unreadable();
    }
    return Filled(text_.substr(begin, at_++ - begin), true);
  }

  Result<Operand> Filled(std::string_view text, bool quoted) const {
    HONE_ASSIGN_OR_RETURN(std::string filled, FillTags(text, value_));
    return Operand{quoted ? std::move(filled) : std::string(Trim(filled)), quoted};
  }

  [[nodiscard]] bool InTag() const { return text_.substr(at_).starts_with("{{"); }

  [[nodiscard]] bool EndsWord() const {
    return std::string_view(" \t\r\n()!=<>&|\"'").find(text_[at_]) != std::string_view::npos;
  }

  void SkipBlanks() {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at_);
    at_ = next == std::string_view::npos ? text_.size() : next;
  }

  bool Take(std::string_view what) {
    SkipBlanks();
    const bool there = text_.substr(at_).starts_with(what);
    at_ += there ? what.size() : 0;
    return there;
  }

  [[nodiscard]] tl::unexpected<Error> Unreadable() const {
    return Fail(Code::kInvalidArgument,
                "cannot be read at '" + Printable(text_.substr(at_), 40) +
                    "': write comparisons such as \"{{inputs.parameters.x}} == yes\", joined by "
                    "&&, || and !");
  }

  std::string_view text_;
  const TagValue& value_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<bool> Holds(std::string_view when, const TagValue& value) {
  return Reader(when, value).ReadAll();
}

Status CheckWhen(std::string_view when) {
  // Any value: whether it can be read does not depend on it, but for a tag that stands alone.
  const TagValue any = [](std::string_view) -> Result<std::string> { return "true"; };
  const auto holds = Reader(when, any).ReadAll();
  return holds.has_value() ? Status() : tl::make_unexpected(holds.error());
}

}  // namespace hone::workflow
