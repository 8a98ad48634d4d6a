// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/server/auth/rate.h"
#include "api/server/auth/token.h"
#include "api/server/auth/token_file.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace hone::auth {

/// A call at the door.
struct Call {
  std::string_view method;         ///< of MethodRules
  std::string_view authorization;  ///< the header's value, "Bearer TOKEN"; empty: none
  std::string_view peer;           ///< where it comes from, for the log
};

/// Who was let in, and how far.
struct Pass {
  std::string token;       ///< its id; empty: no tokens are asked for
  std::string trial = {};  ///< not empty: only for this trial
  std::vector<std::string> namespaces = {std::string(kEveryNamespace)};

  [[nodiscard]] bool IsEverywhere() const;
  [[nodiscard]] bool MayEnter(std::string_view name_space) const;
};

struct Refusal {
  enum class Kind { kUnauthenticated, kForbidden, kExhausted, kUnavailable };
  Kind kind = Kind::kForbidden;
  std::string message;  ///< for the caller; without secrets
};
template <class T>
using Admission = tl::expected<T, Refusal>;

/// Asks every caller of `hone serve` who they are. While no token was ever seen and none is
/// demanded, everybody may do everything. The file of tokens is read again when it has changed, so
/// a revoked token is refused from the next call on; a file that cannot be read lets nobody in.
/// @threads  safe; a call may read a small file
class Gate {
 public:
  struct Options {
    std::filesystem::path file;         ///< of tokens; may be missing
    bool required = false;              ///< tokens are demanded even if there are none
    std::uint32_t rate_per_second = 0;  ///< requests of a token; 0: any
    std::uint32_t most_streams = 0;     ///< open at a time, of a token; 0: any
  };
  /// @param clock  outlives it. @errors those of ReadTokens
  static Result<std::unique_ptr<Gate>> Create(Options options, const Clock& clock);

  /// Whether callers must show a token.
  [[nodiscard]] bool Asks() const { return options_.required || seen_; }
  /// A refusal is logged, with the token's id and never its secret.
  Admission<Pass> Admit(const Call& call);
  /// Logs a refusal after Admit: of what the call was about.
  Refusal Forbid(const Call& call, const Pass& pass, std::string why);
  /// Whether the token of a call that goes on is still good.
  bool StillGood(const Pass& pass);
  /// What the trial's own worker shows; empty if nobody is asked.
  std::string TrialTokenFor(const Pass& pass, std::string_view trial);

  /// Of calls that are answered many times; one that was opened is to be closed.
  [[nodiscard]] bool OpenStream(const Pass& pass);
  void CloseStream(const Pass& pass);

 private:
  struct State {
    TokenBook book;
    std::string signature;  // of the file that was read
    bool readable = true;
    std::map<std::string, RateBucket, std::less<>> buckets;     // by token id
    std::map<std::string, std::uint32_t, std::less<>> streams;  // by token id
    std::int64_t log_second = 0;
    int logged = 0;
  };

  Gate(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  Status Refresh();
  Admission<Pass> Recognize(std::string_view shown, std::string& id);
  /// The token of this id if it is still good.
  Admission<Token> Valid(const std::string& id);
  Admission<Pass> Decide(const Call& call, std::string& id);
  void LogRefusal(const Call& call, const std::string& id, const std::string& why);

  Options options_;
  const Clock& clock_;
  std::atomic<bool> seen_ = false;
  Guarded<State> state_;
};

}  // namespace hone::auth
