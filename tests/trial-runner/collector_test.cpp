// SPDX-License-Identifier: Apache-2.0
// The process beside a trial, with the real hone-shim, hone-scrape and hone-push.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "core/push_line.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Eventually;
using testing::LocalBench;
using Strings = std::vector<std::string>;

bool HasPush() {
  if (std::filesystem::exists(test::ProgramFolder() / "hone-push")) {
    return true;
  }
  WARN("skipped: this build has no gRPC, so no hone-push");
  return false;
}

/// "name=value" of what was taken beside a trial.
Strings Pushed(LocalBench& bench, TrialNumber number) {
  auto source = bench.runner().OpenOutput({bench.experiment, number}, 1, kPushedOutput);
  std::string text;
  REQUIRE(source.has_value());
  REQUIRE((*source)->Read(0, 1U << 20U, text).has_value());
  Strings shown;
  for (const std::string_view line : Split(text, '\n')) {
    if (const auto record = ParsePushLine(line)) {
      shown.push_back(record->metric + "=" + record->text);
    }
  }
  return shown;
}

std::string CollectorLog(const LocalBench& bench, TrialNumber number) {
  return ReadFile(bench.AttemptFolder(number) / "replica-collector.log").value_or("");
}

/// A server in Python that answers every request as `answer` says, until the script ends.
std::string Serving(const std::string& answer, const std::string& then) {
  return R"(exec python3 - <<'PYTHON'
import http.server, os, threading, time
value = 1
class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
)" + answer +
         R"(
    def log_message(self, *args):
        pass
port = int(os.environ["HONE_METRICS_PORT"])
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Metrics)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
)" + then +
         "\nPYTHON\n";
}

LaunchSpec Scraped(LocalBench& bench, TrialNumber number, const std::string& script) {
  LaunchSpec spec = bench.Spec(number, testing::ScriptObject(script));
  spec.collector.kind = CollectorKind::kPrometheus;
  spec.collector.metrics = {"loss"};
  spec.collector.port = 9400;
  spec.collector.http_path = "/metrics";
  return spec;
}

LaunchSpec Told(LocalBench& bench, TrialNumber number, const std::string& script) {
  LaunchSpec spec = bench.Spec(number, testing::ScriptObject(script));
  spec.collector.kind = CollectorKind::kPush;
  spec.collector.metrics = {"loss"};
  return spec;
}

LaunchSpec Custom(LocalBench& bench, TrialNumber number, const std::string& trial,
                  const std::string& collector) {
  LaunchSpec spec = Told(bench, number, trial);
  spec.collector.kind = CollectorKind::kCustom;
  spec.collector.container =
      DumpJson(json({{"name", "mine"}, {"image", "none"}, {"command", {"bash", "-c", collector}}}));
  return spec;
}

/// Prints "pushed" once loss=1 has been taken.
const char* const kReport = R"(/usr/bin/python3 - <<'PYTHON'
import os, sys
try:
    import grpc
except ImportError:
    sys.exit(3)
def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data
metric = field(1, b"loss") + field(2, b"1")
entry = field(1, b"2026-01-31T12:00:00Z") + field(2, metric)
trial = os.environ.get("AS_TRIAL", os.environ["KATIB_TRIAL_NAME"])
request = field(1, trial.encode()) + field(2, field(1, entry))
channel = grpc.insecure_channel(os.environ["HONE_DB_MANAGER_ADDRESS"])
call = channel.unary_unary("/api.v1.beta1.DBManager/ReportObservationLog")
try:
    call(request, timeout=10)
    print("pushed")
except grpc.RpcError as error:
    print(error.code().name, error.details())
PYTHON
)";

bool HasGrpcForPython() {
  if (std::system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") == 0) {
    return true;
  }
  WARN("skipped: Python has no grpc (tools/setup.sh --test installs it)");
  return false;
}

TEST_CASE("collector: an endpoint is scraped while the trial runs", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script = Serving(R"(        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"loss {value}\n".encode()))",
                                     "time.sleep(0.5)\nvalue = 2\ntime.sleep(0.5)");
  REQUIRE(bench.Launch(Scraped(bench, 1, script)).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(Pushed(bench, 1) == Strings{"loss=1", "loss=2"});
  CHECK(CollectorLog(bench, 1).find("gave 2 values") != std::string::npos);
}

TEST_CASE("collector: an endpoint that lies or stalls does no harm and is named",
          "[trial-runner]") {
  struct Case {
    const char* name;
    const char* answer;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"rubbish", "        self.wfile.write(b'\\x00\\x01 rubbish\\r\\n\\r\\n')", "no HTTP"},
      {"5 MB",
       "        self.send_response(200); self.end_headers(); "
       "self.wfile.write(b'x' * 5000000)",
       "too long"},
      {"hangs", "        time.sleep(60)", "in vain"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      LocalBench bench;
      bench.Start();
      const auto begin = std::chrono::steady_clock::now();
      REQUIRE(bench.Launch(Scraped(bench, 1, Serving(c.answer, "time.sleep(1)"))).has_value());
      const Ending ending = *bench.WaitForEnd(1).ending;
      CHECK(std::chrono::steady_clock::now() - begin < 8s);  // for a loaded machine
      CHECK(ending.kind == EndingKind::kSucceeded);
      CHECK(ending.message.find(c.reason) != std::string::npos);
      CHECK(Pushed(bench, 1).empty());
    }
  }
}

TEST_CASE("collector: a scraped trial outlives its engine, and is scraped meanwhile",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script = Serving(R"(        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"loss {value}\n".encode()))",
                                     "while not os.path.exists('go'): time.sleep(0.05)\n"
                                     "value = 2\ntime.sleep(0.5)");
  REQUIRE(bench.Launch(Scraped(bench, 1, script)).has_value());
  REQUIRE(Eventually([&] { return Pushed(bench, 1).size() == 1; }));
  bench.Die();
  std::ofstream(bench.folder / "go") << "\n";
  std::this_thread::sleep_for(200ms);
  bench.Start();
  REQUIRE(bench.Observe().value().size() == 1);
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(Pushed(bench, 1) == Strings{"loss=1", "loss=2"});
}

TEST_CASE("collector: a declared port that is taken is told before the trial starts",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  LaunchSpec first = Scraped(bench, 1, "true");
  const std::string script = R"(exec python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
open("port", "w").write(str(s.getsockname()[1]))
time.sleep(60)')";
  REQUIRE(bench.Launch(2, script).has_value());
  REQUIRE(Eventually([&] { return std::filesystem::exists(bench.folder / "port"); }));
  REQUIRE(Eventually([&] { return ReadFile(bench.folder / "port").value_or("").size() > 3; }));
  first.collector.port = *ParseInt(*ReadFile(bench.folder / "port"));
  const Status launched = bench.Launch(first);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().code == Code::kUnavailable);
  CHECK(bench.Stop(2).has_value());
  bench.WaitForEnd(2);
}

TEST_CASE("collector: a trial pushes to an address of its own alone", "[trial-runner]") {
  if (!HasPush() || !HasGrpcForPython()) {
    return;
  }
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(Told(bench, 1, kReport)).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == "pushed\n");
  CHECK(Pushed(bench, 1) == Strings{"loss=1"});
  REQUIRE(
      bench.Launch(Told(bench, 2, std::string("export AS_TRIAL=other\n") + kReport)).has_value());
  CHECK(bench.WaitForEnd(2).ending->kind == EndingKind::kSucceeded);
  CHECK(bench.Output(2).starts_with("PERMISSION_DENIED"));
  CHECK(Pushed(bench, 2).empty());
}

/// A package of Katib's name with what hone-push's start module corrects.
void MakeFakeKatib(const std::filesystem::path& folder) {
  const std::vector<std::pair<const char*, const char*>> files = {
      {"kubeflow/__init__.py", ""},
      {"kubeflow/katib/__init__.py",
       "from kubeflow.katib.constants import constants\nfrom kubeflow.katib.utils import utils\n"
       "def ask(address=constants.DEFAULT_DB_MANAGER_ADDRESS):\n"
       "    print(address, utils.get_current_k8s_namespace())\n"},
      {"kubeflow/katib/constants/__init__.py", ""},
      {"kubeflow/katib/constants/constants.py", "DEFAULT_DB_MANAGER_ADDRESS = 'katib:6789'\n"},
      {"kubeflow/katib/utils/__init__.py", ""},
      {"kubeflow/katib/utils/utils.py",
       "def get_current_k8s_namespace():\n    return open('/no/such/file').readline()\n"},
      {"sitecustomize.py", "print('mine')\n"},
  };
  for (const auto& [name, text] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
}

TEST_CASE("collector: Katib's Python package finds hone, and a hidden sitecustomize is run",
          "[trial-runner]") {
  if (!HasPush()) {
    return;
  }
  LocalBench bench;
  bench.Start();
  MakeFakeKatib(bench.folder / "packages");
  const std::string script =
      "export PYTHONPATH=$PYTHONPATH:" + (bench.folder / "packages").string() +
      "; echo $HONE_DB_MANAGER_ADDRESS; python3 -c 'import kubeflow.katib; "
      "kubeflow.katib.ask()'";
  REQUIRE(bench.Launch(Told(bench, 1, script)).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  const std::string output = bench.Output(1);
  const std::string address = output.substr(0, output.find('\n'));
  CHECK(address.starts_with("127.0.0.1:"));
  CHECK(output == address + "\nmine\n" + address + " default\n");
}

TEST_CASE("collector: a collector of ours that cannot work makes the attempt lost, not failed",
          "[trial-runner]") {
  if (!HasPush()) {
    return;
  }
  LocalBench bench;
  bench.Start();
  // What hone-push cannot have: a folder stands where its file should be.
  std::filesystem::create_directories(bench.AttemptFolder(1) / "pushed.log");
  REQUIRE(bench.Launch(Told(bench, 1, "sleep 60")).has_value());
  const Ending ending = *bench.WaitForEnd(1).ending;
  CHECK(ending.kind == EndingKind::kLost);
  CHECK(ending.message.find("pushed.log") != std::string::npos);
}

TEST_CASE("collector: a process of the user's reports after the training has ended",
          "[trial-runner]") {
  if (!HasPush() || !HasGrpcForPython()) {
    return;
  }
  LocalBench bench;
  bench.options.grace = 20s;  // half of it for a Python to start on a loaded machine
  bench.Start();
  const std::string collector =
      std::string("while [ ! -e $HONE_TRIAL_DIR/result ]; do sleep 0.05; done\n") + kReport;
  const std::string trial = "echo 1 > $HONE_TRIAL_DIR/result";
  REQUIRE(bench.Launch(Custom(bench, 1, trial, collector)).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(Pushed(bench, 1) == Strings{"loss=1"});
}

TEST_CASE("collector: one of the user's that fails ends the trial with its reason",
          "[trial-runner]") {
  if (!HasPush()) {
    return;
  }
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(Custom(bench, 1, "sleep 60", "echo cannot see; exit 3")).has_value());
  const Ending ending = *bench.WaitForEnd(1).ending;
  CHECK(ending.kind == EndingKind::kMetricMissing);
  CHECK(ending.message.starts_with("the metrics collector: exit code 3"));
  CHECK(ending.message.find("cannot see") != std::string::npos);
  CHECK(testing::ProcessesOf(bench.WorkFolder(1)).empty());
  REQUIRE(bench
              .Launch([&] {
                LaunchSpec spec = Custom(bench, 2, "sleep 60", "");
                spec.collector.container = R"({"name":"mine","command":["no-such-program"]})";
                return spec;
              }())
              .has_value());
  CHECK(bench.WaitForEnd(2).ending->message.find("no-such-program") != std::string::npos);
}

TEST_CASE("collector: one that never ends, hears no TERM and floods is bounded", "[trial-runner]") {
  if (!HasPush()) {
    return;
  }
  LocalBench bench;
  bench.options.grace = 1s;
  bench.Start();
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(bench
              .Launch(Custom(bench, 1, "sleep 0.3",
                             "trap '' TERM; while :; do echo flood flood flood flood; done"))
              .has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(std::chrono::steady_clock::now() - begin < 8s);  // for a loaded machine
  CHECK(testing::ProcessesOf(bench.WorkFolder(1)).empty());
  struct stat info = {};
  REQUIRE(::stat((bench.AttemptFolder(1) / "replica-collector.log").c_str(), &info) == 0);
  CHECK(info.st_blocks * 512 < (3 << 20));
}

}  // namespace
}  // namespace hone
