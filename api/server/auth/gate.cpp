// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/gate.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "api/server/auth/methods.h"
#include "api/server/auth/trial_token.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/text.h"

namespace hone::auth {
namespace {

using Kind = Refusal::Kind;

// Of a flood of refusals, so many lines a second are logged.
constexpr int kMostLinesPerSecond = 20;
constexpr std::size_t kLongestShown = 1000;

tl::unexpected<Refusal> Refuse(Kind kind, std::string message) {
  return tl::make_unexpected(Refusal{kind, std::move(message)});
}

/// Changes whenever the file does; empty: there is none.
std::string SignatureOf(const std::filesystem::path& file) {
  struct stat there {};
  if (::stat(file.c_str(), &there) != 0) {
    return "";
  }
  std::string text = std::to_string(there.st_ino) + " " + std::to_string(there.st_size);
  for (const timespec& at : {there.st_mtim, there.st_ctim}) {
    text += " " + std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec);
  }
  return text;
}

/// The token in "Bearer TOKEN"; empty: there is none. The scheme's name is in any case (RFC 9110).
std::string_view BearerOf(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  const bool fits = header.size() > kScheme.size() && header.size() <= kLongestShown &&
                    std::equal(kScheme.begin(), kScheme.end(), header.begin(),
                               [](char a, char b) { return a == b || a == (b | 0x20); });
  return fits ? Trim(header.substr(kScheme.size())) : std::string_view();
}

}  // namespace

bool Pass::IsEverywhere() const {
  return trial.empty() && std::ranges::find(namespaces, kEveryNamespace) != namespaces.end();
}

bool Pass::MayEnter(std::string_view name_space) const {
  return trial.empty() &&
         (IsEverywhere() || std::ranges::find(namespaces, name_space) != namespaces.end());
}

Result<std::unique_ptr<Gate>> Gate::Create(Options options, const Clock& clock) {
  std::unique_ptr<Gate> gate(new Gate(std::move(options), clock));
  HONE_RETURN_IF_ERROR(gate->Refresh());
  return gate;
}

Status Gate::Refresh() {
  std::string signature = SignatureOf(options_.file);
  if (state_.WithLock([&](State& s) { return s.signature == signature; })) {
    return {};
  }
  auto book = ReadTokens(options_.file);
  if (!book) {
    state_.WithLock([&](State& s) {
      s.signature = std::move(signature);
      s.readable = false;
    });
    seen_ = true;
    HONE_LOG(kError, "tokens_unreadable", {"why", book.error().Text()});
    return tl::make_unexpected(book.error());
  }
  seen_ = seen_ || !book->tokens.empty();
  state_.WithLock([&](State& s) {
    s.book = *std::move(book);
    s.signature = std::move(signature);
    s.readable = true;
  });
  return {};
}

Admission<Token> Gate::Valid(const std::string& id) {
  const auto token = state_.WithLock([&](State& s) {
    const Token* const found = s.readable ? s.book.Find(id) : nullptr;
    return found == nullptr ? std::optional<Token>() : *found;
  });
  if (!token) {
    return Refuse(Kind::kUnauthenticated, "there is no such token");
  }
  const std::string_view standing = StandingOf(*token, clock_.Now());
  if (standing != "valid") {
    return Refuse(Kind::kUnauthenticated, "the token is " + std::string(standing));
  }
  return *token;
}

/// @param id  is set to the token's, as far as it has one
Admission<Pass> Gate::Recognize(std::string_view shown, std::string& id) {
  if (shown.empty()) {
    return Refuse(Kind::kUnauthenticated,
                  "a token is needed, as 'Authorization: Bearer TOKEN'; 'hone token create' makes "
                  "one");
  }
  if (const auto trial = ParseTrialToken(shown)) {
    const std::string key = state_.WithLock([](State& s) { return s.book.trial_key; });
    if (!IsSigned(key, *trial)) {
      return Refuse(Kind::kUnauthenticated, "the trial's token is not of this server");
    }
    id = trial->issuer;
    return Valid(id).map([&](const Token&) { return Pass{id, trial->trial, {}}; });
  }
  const auto parsed = ParseShown(shown);
  if (!parsed) {
    return Refuse(Kind::kUnauthenticated, "what was shown is no token of hone");
  }
  id = parsed->id;
  const auto hash = state_.WithLock([&](State& s) {
    const Token* const found = s.book.Find(id);
    return found == nullptr ? std::string() : found->hash;
  });
  if (!EqualInConstantTime(hash, Sha256Of(parsed->secret))) {
    return Refuse(Kind::kUnauthenticated, "there is no such token");
  }
  return Valid(id).map([](const Token& token) { return Pass{token.id, {}, token.namespaces}; });
}

Admission<Pass> Gate::Decide(const Call& call, std::string& id) {
  if (!state_.WithLock([](State& s) { return s.readable; })) {
    return Refuse(Kind::kUnavailable, "the server cannot read its tokens");
  }
  auto pass = Recognize(BearerOf(call.authorization), id);
  if (!pass) {
    return pass;
  }
  const MethodRule* const rule = RuleOf(call.method);
  if (rule == nullptr) {
    return Refuse(Kind::kForbidden, "nobody may call this method");
  }
  if (!pass->trial.empty() && !rule->by_trial) {
    return Refuse(Kind::kForbidden, "a trial's token is for reports of that trial alone");
  }
  const auto token = Valid(pass->token);
  if (!token) {
    return tl::make_unexpected(token.error());
  }
  if (token->role < rule->role) {
    return Refuse(Kind::kForbidden, "needs the role " + std::string(RoleWord(rule->role)) +
                                        ", and the token has the role " +
                                        std::string(RoleWord(token->role)));
  }
  if (rule->everywhere && !pass->IsEverywhere()) {
    return Refuse(Kind::kForbidden, "is for all namespaces at once, and the token is not");
  }
  const bool in_time = options_.rate_per_second == 0 || state_.WithLock([&](State& s) {
    return s.buckets[pass->token].Take(options_.rate_per_second, clock_.Now());
  });
  if (!in_time) {
    return Refuse(Kind::kExhausted, "more than " + std::to_string(options_.rate_per_second) +
                                        " requests a second with this token");
  }
  return pass;
}

Admission<Pass> Gate::Admit(const Call& call) {
  const Status read = Refresh();  // what is wrong is said by Decide
  if (!Asks()) {
    return Pass{};
  }
  std::string id;
  auto pass = Decide(call, id);
  if (!read && pass) {
    return Refuse(Kind::kUnavailable, "the server cannot read its tokens");
  }
  if (!pass) {
    LogRefusal(call, id, pass.error().message);
  }
  return pass;
}

Refusal Gate::Forbid(const Call& call, const Pass& pass, std::string why) {
  LogRefusal(call, pass.token, why);
  return {Kind::kForbidden, std::move(why)};
}

void Gate::LogRefusal(const Call& call, const std::string& id, const std::string& why) {
  const std::int64_t second =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
  const int before = state_.WithLock([&](State& s) {
    if (s.log_second != second) {
      s.log_second = second;
      s.logged = 0;
    }
    return s.logged++;
  });
  if (before < kMostLinesPerSecond) {
    HONE_LOG(kWarn, "refused", {"method", call.method}, {"token", id.empty() ? "none" : id},
             {"peer", Printable(call.peer, 100)}, {"why", Printable(why, 300)});
  } else if (before == kMostLinesPerSecond) {
    HONE_LOG(kWarn, "refused_more", {"why", "the rest of this second is not logged"});
  }
}

bool Gate::StillGood(const Pass& pass) {
  if (!Refresh()) {
    return false;
  }
  return pass.token.empty() ? !Asks() : Valid(pass.token).has_value();
}

std::string Gate::TrialTokenFor(const Pass& pass, std::string_view trial) {
  if (pass.token.empty()) {
    return "";
  }
  const std::string key = state_.WithLock([](State& s) { return s.book.trial_key; });
  return key.empty() ? "" : MintTrialToken(key, pass.token, trial);
}

bool Gate::OpenStream(const Pass& pass) {
  if (pass.token.empty()) {
    return true;  // nobody is asked, so nobody is told apart
  }
  return state_.WithLock([&](State& s) {
    std::uint32_t& open = s.streams[pass.token];
    if (options_.most_streams != 0 && open >= options_.most_streams) {
      return false;
    }
    ++open;
    return true;
  });
}

void Gate::CloseStream(const Pass& pass) {
  if (pass.token.empty()) {
    return;
  }
  state_.WithLock([&](State& s) { --s.streams[pass.token]; });
}

}  // namespace hone::auth
