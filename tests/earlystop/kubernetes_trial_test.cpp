// SPDX-License-Identifier: Apache-2.0
// Against a scripted API server, over TLS.
#include "earlystop/server/kubernetes_trial.h"

#include <fcntl.h>

#include <csignal>
#include <fstream>

#include "base/process.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/support/certificates.h"

namespace hone {
namespace {

// Prints its port; keeps one trial; the first change of a status meets one of somebody else.
constexpr char kServer[] = R"(
import http.server, json, ssl, sys
crt, key, file = sys.argv[1:4]
state = {"version": 1, "conditions": [{"type": "Running", "status": "True"}], "raced": False}
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())
    def do_GET(self):
        if self.headers["Authorization"] != "Bearer secret":
            return self.answer(401, {"message": "who are you"})
        if self.path != "/apis/kubeflow.org/v1beta1/namespaces/ada/trials/t-1":
            return self.answer(404, {"message": "no such trial"})
        self.answer(200, {"metadata": {"resourceVersion": str(state["version"])},
                          "status": {"conditions": state["conditions"]}})
    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not state["raced"]:
            state.update(raced=True, version=2)
        assert self.headers["Content-Type"] == "application/merge-patch+json"
        assert self.path.endswith("/trials/t-1/status"), self.path
        if body["metadata"]["resourceVersion"] != str(state["version"]):
            return self.answer(409, {"message": "it has changed"})
        state.update(version=state["version"] + 1, conditions=body["status"]["conditions"])
        with open(file, "a") as out:
            out.write(json.dumps(state["conditions"]) + "\n")
        self.answer(200, {})
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(crt, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
)";

/// Ends the server however the test ends.
struct Killed {
  Child& child;
  ~Killed() {
    ::kill(-child.pid, SIGKILL);
    static_cast<void>(WaitFor(child, std::chrono::seconds(10)));
  }
};

void Write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

TEST_CASE("kubernetes: a trial's object is marked once, whoever else writes", "[earlystop]") {
  if (!test::HasOpenssl()) {
    return;
  }
  const testing::TempFolder folder;
  const test::Certificates made(folder.path());
  made.MakeAuthority("ca");
  made.MakeAuthority("strange");
  made.Make("server", "ca");
  Write(folder / "server.py", kServer);
  const std::string out = (folder / "out").string();
  const std::string marks = (folder / "marks").string();
  UniqueFd out_fd(::open(out.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto child = Spawn({.argv = {"/usr/bin/python3", folder / "server.py", made.Certificate("server"),
                               made.Key("server"), marks},
                      .env = {},
                      .working_folder = {},
                      .stdout_fd = out_fd.get()});
  REQUIRE(child.has_value());
  const Killed killed{*child};
  std::string port;
  for (int i = 0; i < 600 && !port.ends_with('\n'); ++i) {
    static_cast<void>(WaitFor(*child, std::chrono::milliseconds(50)));
    port = ReadFile(out).value_or("");
  }
  const KubernetesAccount account{"127.0.0.1", static_cast<int>(ParseInt(Trim(port)).value_or(0)),
                                  folder / "account"};
  std::filesystem::create_directories(account.folder);
  std::filesystem::copy_file(made.Certificate("ca"), account.folder / "ca.crt");
  Write(account.folder / "token", "secret\n");
  Write(account.folder / "namespace", "ada");
  const Timestamp now = ParseTimestamp("2026-01-31T12:00:00Z").value();

  const Status marked = MarkEarlyStopped(account, "t-1", now);
  INFO((marked ? "" : marked.error().Text()));
  CHECK(marked.has_value());
  CHECK(MarkEarlyStopped(account, "t-1", now).has_value());
  const std::string written = ReadFile(marks).value_or("");
  CHECK(Split(written, '\n').size() == 2);  // one line and the end of it
  CHECK(written.find(R"({"status": "True", "type": "Running"}, {)") != std::string::npos);
  CHECK(written.find(R"("reason": "TrialEarlyStopped")") != std::string::npos);
  CHECK(written.find(R"("lastTransitionTime": "2026-01-31T12:00:00Z")") != std::string::npos);

  CHECK(MarkEarlyStopped(account, "t-2", now).error().code == Code::kNotFound);
  CHECK(MarkEarlyStopped(account, "../t-1", now).error().code == Code::kInvalidArgument);
  Write(account.folder / "token", "wrong");
  CHECK(MarkEarlyStopped(account, "t-1", now).error().code == Code::kPermissionDenied);
  std::filesystem::remove(account.folder / "ca.crt");
  std::filesystem::copy_file(made.Certificate("strange"), account.folder / "ca.crt");
  CHECK(MarkEarlyStopped(account, "t-1", now).error().code == Code::kUnavailable);
}

}  // namespace
}  // namespace hone
