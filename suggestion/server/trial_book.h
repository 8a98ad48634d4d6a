// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/history.h"
#include "core/spec.h"
#include "suggestion/server/lineage.h"

namespace hone {

using Lesson = decltype(HistoryItem::what);

/// A trial as requests tell it, read.
struct KnownTrial {
  std::string name;
  Assignment values;
  std::optional<LineageName> lineage;
  Timestamp started;  ///< max(): not yet
  Timestamp ended;
  /// Of trial 0: the number is another one in each request. Nothing while the trial is pending.
  std::optional<Lesson> ending;
};

/// The trials of an experiment, as its last request told them. Only what was not told before is
/// read; what it says of a request is the same as if all of it were new.
/// Katib's conditions are lessons: SUCCEEDED and EARLYSTOPPED teach the objective's value, FAILED
/// that the configuration does not work, KILLED and a SUCCEEDED without a value nothing. All others
/// are pending. Trials with values outside of the space, without a parameter, without a name, or
/// with a name that was there before are passed over.
/// Names that tell a lineage (lineage.h) give the proposals their tags and parents, and what they
/// left is the folder of that name.
/// @threads  one at a time
class TrialBook {
 public:
  /// @param spec  outlives the book
  explicit TrialBook(const ExperimentSpec& spec);
  ~TrialBook();
  TrialBook(const TrialBook&) = delete;
  TrialBook& operator=(const TrialBook&) = delete;

  /// Takes in the trials of a request, whose order does not matter but for those of one name.
  /// @param trials  each a message of Katib's on the wire
  /// @errors kInvalidArgument: one is no such message; the book is empty then
  Status Read(std::span<const std::string_view> trials);

  /// Trials are numbered from 1 by start, then name; those that have not started come last.
  [[nodiscard]] std::size_t size() const { return by_start_.size(); }
  [[nodiscard]] const KnownTrial& Numbered(TrialNumber number) const;
  [[nodiscard]] std::size_t passed_over() const { return passed_over_; }

  /// What a trial's proposal or ending says. Marks that are the same mean the same.
  struct Mark {
    std::uint64_t trial = 0;  ///< which text of a trial; 0: none
    TrialNumber number = 0;
    TrialNumber parent = 0;
    bool is_ending = false;
    bool operator==(const Mark&) const = default;
  };
  /// Proposals and endings in the order of their times, so that a later request of the same
  /// experiment usually begins with what an earlier one said.
  [[nodiscard]] std::vector<Mark> History() const;
  [[nodiscard]] Lesson LessonOf(const Mark& mark) const;

 private:
  struct Name {
    std::uint64_t used = 0;  // the last request with a trial of this name
    std::size_t texts = 0;   // how many texts have it
  };
  struct Text;  // of a trial
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  Status Use(std::span<const std::string_view> trials, std::vector<Text*>& told,
             std::vector<Text*>& fresh);
  Result<Text*> Find(std::string_view bytes, std::size_t& next);
  Result<Text*> Learn(std::string_view bytes);
  void Forget();
  void Clear();
  void Sort(std::vector<Text*> fresh);

  const ExperimentSpec& spec_;
  class Reader;
  std::unique_ptr<Reader> reader_;
  ByText<std::unique_ptr<Text>> texts_;
  ByText<Name> names_;
  std::vector<Text*> last_;      // in the order of the last request
  std::vector<Text*> by_start_;  // those that count
  std::vector<Text*> by_end_;    // of those, the ones that have ended
  std::uint64_t request_ = 1;
  std::uint64_t texts_read_ = 0;
  std::size_t passed_over_ = 0;
};

}  // namespace hone
