// SPDX-License-Identifier: Apache-2.0
// The real daemon asked by callers with good, wrong, old and narrow tokens, in plain text and over
// TLS with certificates of the program openssl.
#include <csignal>
#include <filesystem>
#include <map>

#include "api/server/auth/token_file.h"
#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/support/certificates.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using Arguments = std::vector<std::string>;

/// A daemon on the loopback, and callers in Python.
class Secured {
 public:
  /// @returns what its owner shows
  std::string Make(const std::string& name, Arguments more) {
    Arguments words = {"token", "create", "--name", name};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramRun run = hone.Run(words);
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    std::string shown(Trim(run.out));
    REQUIRE(auth::ParseShown(shown).has_value());
    variables_["TOKEN_" + name] = shown;
    return shown;
  }
  static std::string IdOf(const std::string& shown) { return auth::ParseShown(shown)->id; }

  void Set(const std::string& variable, const std::string& value) { variables_[variable] = value; }
  void Unset(const std::string& variable) { variables_.erase(variable); }

  /// @param more  flags of `hone serve`
  void Serve(Arguments more = {}) {
    Arguments words = {"serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"};
    words.insert(words.end(), more.begin(), more.end());
    daemon = std::make_unique<RunningProgram>(hone.Start(words));
    REQUIRE(Eventually(
        [&] { return daemon->OutSoFar().find("\nlistening on ") != std::string::npos; }));
    const std::string out = daemon->OutSoFar();
    const std::vector<std::string_view> lines = Split(out, '\n');
    const bool encrypts = std::ranges::find(more, "--tls-cert") != more.end();
    http_ = (encrypts ? "https://" : "http://") + std::string(lines[0].substr(8));
    grpc_ = std::string(lines[1].substr(13));
  }
  void End() {
    daemon->Signal(SIGTERM);
    CHECK(daemon->Wait().exit_code == 0);
  }

  RunningProgram Start(const std::string& kind) {
    Arguments words = {"/usr/bin/env"};
    for (const auto& [name, value] : variables_) {
      words.push_back(name + "=" + value);
    }
    words.insert(words.end(), {kPython, (SourceFolder() / "tests/e2e/security_client.py").string(),
                               stubs, grpc_, http_, kind});
    return hone.StartProgram(words);
  }
  void Check(const std::string& kind) {
    const ProgramRun client = Start(kind).Wait();
    INFO(kind << "\n" << client.out << client.err << daemon->ErrSoFar());
    CHECK(client.exit_code == 0);
  }
  /// The same over HTTP without TLS.
  void CheckPlain(const std::string& kind) {
    const std::string before = http_;
    http_ = "http" + http_.substr(5);
    Check(kind);
    http_ = before;
  }

  HoneProgram hone;
  std::string stubs = MakeStubs(hone, "api/proto/hone/v1/hone.proto");
  std::unique_ptr<RunningProgram> daemon;

 private:
  std::map<std::string, std::string> variables_;
  std::string grpc_;
  std::string http_;
};

/// As if its time were over.
void Expire(const HoneProgram& hone, const std::string& id) {
  REQUIRE(
      auth::ChangeTokens(auth::TokenFile(hone.data()), [&](auth::TokenBook& book) -> hone::Status {
        for (auth::Token& token : book.tokens) {
          token.expires_at = token.id == id ? token.created_at : token.expires_at;
        }
        return {};
      }).has_value());
}

TEST_CASE("serve: whoever shows no good token is refused, and logged without the secret",
          "[e2e][slow]") {
  Secured secured;
  if (secured.stubs.empty()) {
    return;
  }
  const std::string expired = secured.Make("EXPIRED", {"--role", "admin", "--for", "*"});
  Expire(secured.hone, Secured::IdOf(expired));
  const std::string revoked = secured.Make("REVOKED", {"--role", "admin", "--for", "*"});
  CHECK(secured.hone.Run({"token", "revoke", Secured::IdOf(revoked)}).exit_code == 0);
  std::string wrong = secured.Make("GOOD", {"--role", "admin", "--for", "*"});
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  secured.Set("TOKEN_WRONG", wrong);
  secured.Set("TOKEN_UNKNOWN", "hone_00000000" + wrong.substr(13));
  secured.Serve();
  secured.Check("knock");
  secured.Check("strangers");
  const std::string log = secured.daemon->ErrSoFar();
  CHECK(log.find("who shows a token with the role editor") != std::string::npos);
  for (const std::string& shown : {expired, revoked, wrong}) {
    CHECK(log.find(Secured::IdOf(shown)) != std::string::npos);
    CHECK(log.find(auth::ParseShown(shown)->secret) == std::string::npos);
  }
  secured.End();
}

TEST_CASE("serve: roles, namespaces and trials bound what a token may do", "[e2e][slow]") {
  Secured secured;
  if (secured.stubs.empty()) {
    return;
  }
  secured.Serve({"--require-tokens"});
  const std::string tokens[] = {
      secured.Make("VIEWER", {}), secured.Make("EDITOR", {"--role", "editor"}),
      secured.Make("VISION", {"--role", "editor", "--for", "vision"}),
      secured.Make("ADMIN", {"--role", "admin", "--for", "*", "--expires", "never"})};
  secured.Check("roles");
  secured.Check("tokens");
  secured.Check("trials");

  RunningProgram watcher = secured.Start("revoked");
  REQUIRE(Eventually([&] { return watcher.OutSoFar().find("watching") != std::string::npos; }));
  CHECK(secured.hone.Run({"token", "revoke", Secured::IdOf(tokens[0])}).exit_code == 0);
  const ProgramRun watched = watcher.Wait();
  INFO(watched.err);
  CHECK(watched.exit_code == 0);

  const std::string log = secured.daemon->ErrSoFar();
  CHECK(log.find("token=" + Secured::IdOf(tokens[2])) != std::string::npos);
  CHECK(log.find("honetrial") == std::string::npos);
  for (const std::string& shown : tokens) {
    CHECK(log.find(auth::ParseShown(shown)->secret) == std::string::npos);
  }
  secured.End();
}

TEST_CASE("serve: whoever takes too much is told so", "[e2e][slow]") {
  Secured secured;
  if (secured.stubs.empty()) {
    return;
  }
  secured.Make("EDITOR", {"--role", "editor"});
  secured.Serve(
      {"--max-rate", "5", "--max-streams", "1", "--max-experiments", "2", "--max-message", "1"});
  secured.Check("limits");
  secured.End();
}

TEST_CASE("serve: over TLS, and with certificates of clients", "[e2e][slow]") {
  Secured secured;
  if (secured.stubs.empty() || !HasOpenssl()) {
    return;
  }
  const Certificates made(secured.hone.work());
  made.MakeAuthority("ca");
  made.MakeAuthority("strange");
  made.Make("server", "ca");
  made.Make("client", "ca");
  made.Make("intruder", "strange");
  secured.Make("EDITOR", {"--role", "editor"});
  const Arguments tls = {"--tls-cert", made.Certificate("server"), "--tls-key", made.Key("server")};

  secured.Serve(tls);
  secured.Set("TLS_CA", made.Certificate("ca"));
  secured.Check("tls");
  secured.Set("TLS_CA", made.Certificate("strange"));
  secured.Check("no_tls");
  secured.Unset("TLS_CA");
  secured.CheckPlain("no_tls");

  // Renewed under the running daemon, by another authority, so that it can be told.
  made.Make("renewed", "strange");
  std::filesystem::copy_file(made.Certificate("server"), made.Certificate("before"));
  std::filesystem::copy_file(made.Key("server"), made.Key("before"));
  std::filesystem::rename(made.Key("renewed"), made.Key("server"));
  std::filesystem::rename(made.Certificate("renewed"), made.Certificate("server"));
  secured.Set("TLS_CA", made.Certificate("strange"));
  CHECK(Eventually([&] { return secured.Start("get_secret").Wait().exit_code == 0; }));
  secured.Set("TLS_CA", made.Certificate("ca"));
  secured.Check("no_tls");
  secured.End();
  std::filesystem::rename(made.Key("before"), made.Key("server"));
  std::filesystem::rename(made.Certificate("before"), made.Certificate("server"));

  Arguments mutual = tls;
  mutual.insert(mutual.end(), {"--tls-client-ca", made.Certificate("ca")});
  secured.Serve(mutual);
  secured.Set("TLS_CA", made.Certificate("ca"));
  secured.Check("no_tls");
  secured.Set("TLS_CERT", made.Certificate("intruder"));
  secured.Set("TLS_KEY", made.Key("intruder"));
  secured.Check("no_tls");
  secured.Set("TLS_CERT", made.Certificate("client"));
  secured.Set("TLS_KEY", made.Key("client"));
  secured.Check("get_secret");
  secured.End();
}

TEST_CASE("serve: other machines are let in with TLS and tokens alone", "[e2e]") {
  HoneProgram hone;
  if (!HasOpenssl()) {
    return;
  }
  const Certificates made(hone.work());
  made.MakeAuthority("self");
  const Arguments outside = {"serve", "--listen", "0.0.0.0:0"};
  const Arguments tls = {"--tls-cert", made.Certificate("self"), "--tls-key", made.Key("self")};
  Arguments both = outside;
  both.insert(both.end(), tls.begin(), tls.end());
  const ProgramRun open = hone.Run(both);
  CHECK(open.exit_code == 2);
  CHECK(open.err.find("hone token create") != std::string::npos);

  CHECK(hone.Run({"token", "create", "--role", "editor"}).exit_code == 0);
  const ProgramRun plain = hone.Run(outside);
  CHECK(plain.exit_code == 2);
  CHECK(plain.err.find("--tls-cert") != std::string::npos);
  Arguments http = {"serve", "--listen", "127.0.0.1:0", "--http", "0.0.0.0:0"};
  CHECK(hone.Run(http).exit_code == 2);

  RunningProgram daemon = hone.Start(both);
  CHECK(AddressOf(daemon).starts_with("0.0.0.0:"));
  daemon.Signal(SIGTERM);
  CHECK(daemon.Wait().exit_code == 0);
}

}  // namespace
}  // namespace hone::test
