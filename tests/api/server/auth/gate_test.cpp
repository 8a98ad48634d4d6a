// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/gate.h"

#include <sys/stat.h>

#include "api/server/auth/methods.h"
#include "api/server/auth/trial_token.h"
#include "base/file.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone::auth {
namespace {

using namespace std::chrono_literals;
using Kind = Refusal::Kind;

constexpr const char* kCreate = "hone.v1.Experiments/Create";
constexpr const char* kGet = "hone.v1.Experiments/Get";
constexpr const char* kTell = "hone.v1.Workers/Tell";
constexpr const char* kLogs = "api.v1.beta1.DBManager/GetObservationLog";

/// Stands until it is moved.
class StandingClock final : public Clock {
 public:
  [[nodiscard]] Timestamp Now() const override { return now_; }
  void Advance(Duration by) { now_ += by; }

 private:
  Timestamp now_{std::chrono::hours(24 * 365 * 50)};
};

/// A gate over a file of tokens in a folder of its own.
class Gated {
 public:
  explicit Gated(Gate::Options options = {}) {
    options.file = file;
    auto made = Gate::Create(std::move(options), clock);
    REQUIRE(made.has_value());
    gate = *std::move(made);
  }

  /// @returns what its owner shows
  std::string Make(Role role, std::vector<std::string> namespaces = {"*"}, Duration life = 1h) {
    Token token{.id = {},
                .name = "test",
                .role = role,
                .namespaces = std::move(namespaces),
                .hash = {},
                .created_at = clock.Now(),
                .expires_at = clock.Now() + life};
    std::string shown = Mint(token);
    REQUIRE(ChangeTokens(file, [&](TokenBook& book) -> Status {
              book.tokens.push_back(token);
              return {};
            }).has_value());
    return shown;
  }

  Admission<Pass> Call(const char* method, const std::string& shown) const {
    return gate->Admit({method, shown.empty() ? "" : "Bearer " + shown, "test"});
  }

  /// Nothing: it was let in.
  std::optional<Kind> RefusalOf(const char* method, const std::string& shown) const {
    const auto pass = Call(method, shown);
    return pass ? std::nullopt : std::optional(pass.error().kind);
  }

  testing::TempFolder folder;
  std::filesystem::path file = TokenFile(folder.path());
  StandingClock clock;
  std::unique_ptr<Gate> gate;
};

TEST_CASE("gate: it is open until there is a token, and stays shut when the file is gone",
          "[api]") {
  Gated gated;
  CHECK_FALSE(gated.gate->Asks());
  const auto open = gated.Call(kCreate, "");
  REQUIRE(open.has_value());
  CHECK(open->IsEverywhere());
  CHECK(gated.gate->StillGood(*open));

  const std::string admin = gated.Make(Role::kAdmin);
  CHECK(gated.RefusalOf(kCreate, "") == Kind::kUnauthenticated);
  CHECK_FALSE(gated.gate->StillGood(*open));
  CHECK(gated.RefusalOf(kCreate, admin) == std::nullopt);
  std::filesystem::remove(gated.file);
  CHECK(gated.RefusalOf(kCreate, "") == Kind::kUnauthenticated);
  CHECK(gated.RefusalOf(kCreate, admin) == Kind::kUnauthenticated);

  const Gated demanding({.file = {}, .required = true});
  CHECK(demanding.RefusalOf(kGet, "") == Kind::kUnauthenticated);
}

TEST_CASE("gate: a token is taken as long as it is good, whatever its case of Bearer", "[api]") {
  Gated gated;
  const std::string shown = gated.Make(Role::kEditor, {"default"}, 1h);
  const auto pass = gated.Call(kCreate, shown);
  REQUIRE(pass.has_value());
  CHECK(pass->MayEnter("default"));
  CHECK_FALSE(pass->MayEnter("vision"));
  CHECK_FALSE(pass->MayEnter(""));
  CHECK_FALSE(pass->IsEverywhere());
  CHECK(gated.gate->Admit({kGet, "bearer " + shown, ""}).has_value());
  CHECK_FALSE(gated.gate->Admit({kGet, "Basic " + shown, ""}).has_value());
  CHECK_FALSE(gated.gate->Admit({kGet, shown, ""}).has_value());

  std::string wrong = shown;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const std::string& bad : {wrong, std::string("hone"), "hone_00000000" + shown.substr(13)}) {
    CHECK(gated.RefusalOf(kGet, bad) == Kind::kUnauthenticated);
  }
  gated.clock.Advance(1h);
  CHECK(gated.RefusalOf(kGet, shown) == Kind::kUnauthenticated);
  CHECK_FALSE(gated.gate->StillGood(*pass));
}

TEST_CASE("gate: a revoked token is refused from the next call on", "[api]") {
  Gated gated;
  const std::string shown = gated.Make(Role::kViewer);
  const auto pass = gated.Call(kGet, shown);
  REQUIRE(pass.has_value());
  REQUIRE(ChangeTokens(gated.file, [&](TokenBook& book) -> Status {
            book.tokens[0].revoked_at = gated.clock.Now();
            return {};
          }).has_value());
  CHECK(gated.RefusalOf(kGet, shown) == Kind::kUnauthenticated);
  CHECK_FALSE(gated.gate->StillGood(*pass));
}

TEST_CASE("gate: roles and reach are as the table says", "[api]") {
  Gated gated;
  const std::string viewer = gated.Make(Role::kViewer);
  const std::string editor = gated.Make(Role::kEditor, {"default"});
  const std::string admin = gated.Make(Role::kAdmin);
  CHECK(gated.RefusalOf(kGet, viewer) == std::nullopt);
  CHECK(gated.RefusalOf(kCreate, viewer) == Kind::kForbidden);
  CHECK(gated.RefusalOf(kCreate, editor) == std::nullopt);
  CHECK(gated.RefusalOf(kLogs, viewer) == std::nullopt);
  CHECK(gated.RefusalOf(kLogs, editor) == Kind::kForbidden);  // of one namespace only
  CHECK(gated.RefusalOf("hone.v1.Experiments/Unheard", admin) == Kind::kForbidden);
  for (const MethodRule& rule : MethodRules()) {
    CHECK(gated.RefusalOf(std::string(rule.method).c_str(), admin) == std::nullopt);
    CHECK(gated.RefusalOf(std::string(rule.method).c_str(), "") == Kind::kUnauthenticated);
  }
}

TEST_CASE("gate: a trial's token is for its reports alone, and goes with whoever asked for it",
          "[api]") {
  Gated gated;
  const std::string editor = gated.Make(Role::kEditor, {"default"});
  const auto asker = gated.Call(kCreate, editor);
  REQUIRE(asker.has_value());
  const std::string trial = gated.gate->TrialTokenFor(*asker, "demo-abcdefgh");
  const auto pass = gated.Call(kTell, trial);
  REQUIRE(pass.has_value());
  CHECK(pass->trial == "demo-abcdefgh");
  CHECK_FALSE(pass->IsEverywhere());
  CHECK_FALSE(pass->MayEnter("default"));
  CHECK(gated.RefusalOf(kGet, trial) == Kind::kForbidden);
  CHECK(gated.RefusalOf(kCreate, trial) == Kind::kForbidden);

  std::string other = trial;
  other.back() = 'x';
  CHECK(gated.RefusalOf(kTell, other) == Kind::kUnauthenticated);
  const auto parsed = ParseTrialToken(trial);
  REQUIRE(parsed.has_value());
  CHECK(gated.RefusalOf(kTell, MintTrialToken("guessed", parsed->issuer, parsed->trial)) ==
        Kind::kUnauthenticated);
  CHECK(gated.RefusalOf(kTell, MintTrialToken("", parsed->issuer, parsed->trial)) ==
        Kind::kUnauthenticated);
  gated.clock.Advance(1h);
  CHECK(gated.RefusalOf(kTell, trial) == Kind::kUnauthenticated);
}

TEST_CASE("gate: requests beyond the rate are refused, of this token alone", "[api]") {
  Gated gated({.file = {}, .rate_per_second = 5});
  const std::string quick = gated.Make(Role::kViewer);
  const std::string other = gated.Make(Role::kViewer);
  for (int i = 0; i < 5; ++i) {
    CHECK(gated.RefusalOf(kGet, quick) == std::nullopt);
  }
  CHECK(gated.RefusalOf(kGet, quick) == Kind::kExhausted);
  CHECK(gated.RefusalOf(kGet, other) == std::nullopt);
  gated.clock.Advance(200ms);
  CHECK(gated.RefusalOf(kGet, quick) == std::nullopt);
  CHECK(gated.RefusalOf(kGet, quick) == Kind::kExhausted);
  gated.clock.Advance(1h - 1s);
  for (int i = 0; i < 5; ++i) {
    CHECK(gated.RefusalOf(kGet, quick) == std::nullopt);
  }
  CHECK(gated.RefusalOf(kGet, quick) == Kind::kExhausted);
}

TEST_CASE("gate: streams of a token are counted until they are closed", "[api]") {
  Gated gated({.file = {}, .most_streams = 2});
  const auto pass = gated.Call(kGet, gated.Make(Role::kViewer));
  REQUIRE(pass.has_value());
  CHECK(gated.gate->OpenStream(*pass));
  CHECK(gated.gate->OpenStream(*pass));
  CHECK_FALSE(gated.gate->OpenStream(*pass));
  gated.gate->CloseStream(*pass);
  CHECK(gated.gate->OpenStream(*pass));
}

TEST_CASE("gate: a file that cannot be read lets nobody in until it can", "[api]") {
  Gated gated;
  const std::string shown = gated.Make(Role::kViewer);
  CHECK(gated.RefusalOf(kGet, shown) == std::nullopt);
  REQUIRE(::chmod(gated.file.c_str(), 0666) == 0);
  CHECK(gated.RefusalOf(kGet, shown) == Kind::kUnavailable);
  CHECK(gated.RefusalOf(kGet, "") == Kind::kUnavailable);
  REQUIRE(::chmod(gated.file.c_str(), 0600) == 0);
  CHECK(gated.RefusalOf(kGet, shown) == std::nullopt);
  REQUIRE(WriteFile(gated.file, "{").has_value());
  REQUIRE(::chmod(gated.file.c_str(), 0600) == 0);
  CHECK(gated.RefusalOf(kGet, shown) == Kind::kUnavailable);
  const auto late = Gate::Create({.file = gated.file}, gated.clock);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::kDataLoss);
}

}  // namespace
}  // namespace hone::auth
