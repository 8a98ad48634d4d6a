// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "base/check.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr char kHint[] = "SKIPPED: no initdb of PostgreSQL here (tools/setup.sh --test)\n";

std::filesystem::path FindPrograms() {
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    if (std::filesystem::exists(version.path() / "bin" / "initdb")) {
      return version.path() / "bin";
    }
  }
  return std::filesystem::exists("/usr/bin/initdb") ? "/usr/bin" : "";
}

void Must(const Result<std::string>& run) {
  HONE_CHECK(run.has_value(), run.has_value() ? "" : run.error().message);
}

}  // namespace

PostgresServer* PostgresServer::Shared() {
  static const std::unique_ptr<PostgresServer> server = [] {
    std::unique_ptr<PostgresServer> made(new PostgresServer());
    return made->Init() ? std::move(made) : nullptr;
  }();
  return server.get();
}

bool PostgresServer::Init() {
  programs_ = FindPrograms();
  if (programs_.empty()) {
    std::fputs(kHint, stderr);
    return false;
  }
  std::string name = (std::filesystem::temp_directory_path() / "hone-pg-XXXXXX").string();
  HONE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder is needed");
  folder_ = name;
  as_user_ = {"setpriv", "--pdeathsig", "QUIT"};
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");  // NOLINT(concurrency-mt-unsafe): at start
    user = user != nullptr ? user : ::getpwnam("nobody");  // NOLINT(concurrency-mt-unsafe)
    HONE_CHECK(user != nullptr && ::chown(name.c_str(), user->pw_uid, user->pw_gid) == 0,
               "a user for the server is needed");
    as_user_.insert(as_user_.end(), {"--reuid", std::to_string(user->pw_uid), "--regid",
                                     std::to_string(user->pw_gid), "--clear-groups"});
  }
  std::vector<std::string> argv = as_user_;
  argv.insert(argv.end(), {Program("initdb"), "-A", "trust", "-U", "hone", "--no-sync", "-E",
                           "UTF8", "--locale=C", "-D", folder_ / "data"});
  Must(RunAndRead(argv, 120s));
  Start();
  return true;
}

void PostgresServer::Start() {
  ProcessSpec spec;
  spec.argv = as_user_;
  spec.argv.insert(spec.argv.end(), {Program("postgres"), "-D", folder_ / "data", "-k", folder_,
                                     "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                                     "autovacuum=off", "-c", "max_connections=100"});
  spec.env = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  spec.working_folder = folder_;
  auto child = Spawn(spec);
  HONE_CHECK(child.has_value(), child.has_value() ? "" : child.error().message);
  server_ = std::move(*child);
  for (int i = 0; i < 1200; ++i) {
    if (RunAndRead({Program("pg_isready"), "-q", "-h", folder_}, 10s).has_value()) {
      return;
    }
    std::this_thread::sleep_for(50ms);
  }
  HONE_CHECK(false, "the server of PostgreSQL does not start");
}

void PostgresServer::Kill() {
  ::kill(server_.pid, SIGQUIT);
  HONE_CHECK(WaitFor(server_, 60s).has_value(), "the server of PostgreSQL does not end");
  server_.pid = -1;
}

PostgresServer::~PostgresServer() {
  if (server_.pid > 0) {
    Kill();
  }
  std::error_code ignored;  // nothing to be done about what stays behind
  std::filesystem::remove_all(folder_, ignored);
}

std::string PostgresServer::NewSchema() {
  const std::string name = "s" + std::to_string(::getpid()) + "_" + std::to_string(++schemas_);
  const std::string base = "postgresql://hone@/postgres?host=" + folder_.string();
  Sql(base, "CREATE SCHEMA " + name);
  return base + "&options=-csearch_path%3D" + name;
}

std::string PostgresServer::Sql(const std::string& url, const std::string& sql) {
  auto run = RunAndRead(
      {Program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql},
      60s);
  Must(run);
  while (run->ends_with('\n')) {
    run->pop_back();
  }
  return *run;
}

}  // namespace hone::test
