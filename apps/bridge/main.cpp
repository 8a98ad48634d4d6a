// SPDX-License-Identifier: Apache-2.0
// hone-bridge METHOD HOST:PORT MILLISECONDS FILE: one call of a service of Katib's wire for `hone`,
// which does not link gRPC. The file has the request as proto3's JSON; standard output gets
// {"code": 0, "reply": "..."} or {"code": 14, "message": "..."}.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "suggestion/remote/katib_call.h"

int main(int argc, char** argv) {
  const auto milliseconds = argc == 5 ? hone::ParseInt(argv[3]) : std::nullopt;
  if (!milliseconds) {
    std::fputs("usage: hone-bridge METHOD HOST:PORT MILLISECONDS FILE (started by hone)\n", stderr);
    return 2;
  }
  std::ifstream file(argv[4]);
  const std::string request{std::istreambuf_iterator<char>(file), {}};
  const hone::KatibAnswer answer =
      hone::CallKatib(argv[1], argv[2], request, std::chrono::milliseconds(*milliseconds));
  const nlohmann::json document = {
      {"code", answer.code}, {"reply", answer.reply}, {"message", answer.message}};
  const std::string text = hone::DumpJson(document) + "\n";
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
