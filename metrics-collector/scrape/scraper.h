// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics-collector/exposition.h"
#include "metrics-collector/pushed_file.h"

namespace hone {

/// How long to wait for the next look, so long after the first one: often while a short trial could
/// be over soon, once a second in a long one.
Duration ScrapeInterval(Duration running);

/// Asks an endpoint again and again, and keeps what changed: a value, or the time that the endpoint
/// itself gives it. What is the same as at the last look is no new report.
/// @threads  one at a time
class Scraper {
 public:
  using Ask = std::function<Result<std::string>()>;  ///< the endpoint's answer

  Scraper(std::vector<SampleSelector> metrics, PushedFile file, Ask ask, const Clock& clock);
  /// One look. @returns what is wrong now, in words, if that is not what was wrong at the last
  /// look; else an empty text
  std::string Look();
  /// What all looks came to, in one line.
  [[nodiscard]] std::string Summary() const;

 private:
  struct Last {
    std::string text;
    std::optional<Timestamp> at;
    bool operator==(const Last&) const = default;
  };
  Status Take();

  std::vector<SampleSelector> metrics_;
  PushedFile file_;
  Ask ask_;
  const Clock& clock_;
  std::map<std::string, Last> last_;  // by metric
  std::string problem_;               // of the last look; empty: it went well
  std::string last_problem_;          // of any look
  std::uint64_t looks_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace hone
