// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/condition_path.h"

namespace hone::condition {
namespace {

constexpr std::size_t kMaxLength = 4096;
constexpr int kMaxDepth = 16;

struct Operator {
  std::string_view text;
  Comparison op;
};
// Longer ones first. GJSON takes a single = for ==.
constexpr std::array<Operator, 9> kOperators = {{{"==", Comparison::kEqual},
                                                 {"!=", Comparison::kNotEqual},
                                                 {"<=", Comparison::kLessOrEqual},
                                                 {">=", Comparison::kGreaterOrEqual},
                                                 {"!%", Comparison::kUnlike},
                                                 {"=", Comparison::kEqual},
                                                 {"<", Comparison::kLess},
                                                 {">", Comparison::kGreater},
                                                 {"%", Comparison::kLike}}};

/// Recursive descent over the text; each function starts at `at_` and leaves it behind what it
/// read.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Path> Whole() {
    if (text_.size() > kMaxLength) {
      return Wrong("at most " + std::to_string(kMaxLength) + " characters");
    }
    HONE_ASSIGN_OR_RETURN(Path path, ReadPath(""));
    return At() == '\0' ? Result<Path>(std::move(path)) : Wrong("the end of the condition");
  }

 private:
  [[nodiscard]] char At(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool IsOneOf(std::string_view set) const {
    return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
  }
  [[nodiscard]] bool Ended() const { return at_ >= text_.size(); }
  bool Take(char c) {
    const bool is = !Ended() && text_[at_] == c;
    at_ += is ? 1U : 0U;
    return is;
  }
  void SkipBlanks() {
    while (IsOneOf(" \t")) {
      ++at_;
    }
  }
  [[nodiscard]] tl::unexpected<Error> Wrong(const std::string& expected) const {
    return Fail(Code::kInvalidArgument,
                "at character " + std::to_string(at_ + 1) + ": expected " + expected);
  }

  /// @param ends  characters that end a key besides . and |
  Result<Path> ReadPath(std::string_view ends) {
    Path path;
    bool piped = false;
    while (true) {
      HONE_ASSIGN_OR_RETURN(Step step, ReadStep(ends));
      step.piped = piped;
      path.steps.push_back(std::move(step));
      if (!IsOneOf(".|")) {
        return path;
      }
      piped = At() == '|';
      ++at_;
    }
  }

  Result<Step> ReadStep(std::string_view ends) {
    switch (At()) {
      case '#':
        return ReadElements();
      case '[':
        return ReadTogether();
      case '@':
        return ReadThis(ends);
      case '{':
      case '!':
        return Wrong("a key; objects made of paths and literals are not supported");
      default:
        return ReadKey(ends);
    }
  }

  Result<Step> ReadKey(std::string_view ends) {
    Step step;
    while (!Ended() && !IsOneOf(".|") && !IsOneOf(ends)) {
      if (IsOneOf("*?")) {
        return Wrong("no wildcard in a key; write \\" + std::string(1, At()) +
                     " if it is part of it");
      }
      Take('\\');
      if (Ended()) {
        return Wrong("a character after the backslash");
      }
      step.key += text_[at_++];
    }
    if (step.key.empty()) {
      return Wrong("a key");
    }
    return step;
  }

  Result<Step> ReadThis(std::string_view ends) {
    const std::size_t start = at_;
    ++at_;
    HONE_ASSIGN_OR_RETURN(Step step, ReadKey(ends));
    if (step.key != "this") {
      at_ = start;
      return Wrong("@this, the only modifier that is supported");
    }
    step.key.clear();
    step.kind = Step::Kind::kThis;
    return step;
  }

  /// `#`, `#(...)` or `#(...)#`.
  Result<Step> ReadElements() {
    Step step;
    step.kind = Step::Kind::kEach;
    ++at_;
    if (!Take('(')) {
      return step;
    }
    HONE_RETURN_IF_ERROR(Deeper());
    HONE_ASSIGN_OR_RETURN(Query query, ReadQuery());
    --depth_;
    if (!Take(')')) {
      return Wrong("a closing )");
    }
    step.query = std::make_shared<const Query>(std::move(query));
    step.kind = Take('#') ? Step::Kind::kAll : Step::Kind::kFirst;
    return step;
  }

  Result<Query> ReadQuery() {
    Query query;
    SkipBlanks();
    if (!IsOneOf(")=!<>%")) {
      HONE_ASSIGN_OR_RETURN(query.key, ReadPath(" \t)=!<>%"));
    }
    SkipBlanks();
    const auto found = std::ranges::find_if(
        kOperators, [this](const Operator& o) { return text_.substr(at_).starts_with(o.text); });
    if (found != kOperators.end()) {
      query.op = found->op;
      at_ += found->text.size();
      SkipBlanks();
      HONE_ASSIGN_OR_RETURN(query.literal, ReadLiteral());
      SkipBlanks();
    } else if (query.key.steps.empty()) {
      return Wrong("a query, such as type==\"Complete\"");
    }
    return query;
  }

  Result<std::string> ReadLiteral() {
    if (At() == '~') {
      return Wrong("a text, a number, true or false; the tilde operator is not supported");
    }
    return At() == '"' ? ReadQuoted() : ReadBare();
  }

  Result<std::string> ReadQuoted() {
    std::string literal;
    ++at_;
    while (!Ended() && At() != '"') {
      Take('\\');
      if (!Ended()) {
        literal += text_[at_++];
      }
    }
    if (!Take('"')) {
      return Wrong("a closing quote");
    }
    return literal;
  }

  Result<std::string> ReadBare() {
    std::string literal;
    while (!Ended() && !IsOneOf(") \t")) {
      literal += text_[at_++];
    }
    if (literal.empty()) {
      return Wrong("a text in double quotes, a number, true or false");
    }
    return literal;
  }

  Result<Step> ReadTogether() {
    Step step;
    step.kind = Step::Kind::kTogether;
    HONE_RETURN_IF_ERROR(Deeper());
    do {
      ++at_;
      HONE_ASSIGN_OR_RETURN(Path path, ReadPath(",]"));
      step.paths.push_back(std::move(path));
    } while (At() == ',');
    --depth_;
    if (!Take(']')) {
      return Wrong("a closing ]");
    }
    return step;
  }

  Status Deeper() {
    if (++depth_ > kMaxDepth) {
      return Wrong("at most " + std::to_string(kMaxDepth) + " levels of brackets");
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Path> ParsePath(std::string_view text) {
  return Reader(text).Whole();
}

}  // namespace hone::condition
