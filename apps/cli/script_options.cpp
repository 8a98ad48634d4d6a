// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/script_options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kLargestScript = std::uint64_t{4} << 20;
constexpr std::size_t kMostOptions = 200;
constexpr Duration kPatience = std::chrono::seconds(10);

/// Lists the add_argument calls of a source file as JSON. Only the parser looks at the file.
constexpr const char* kListOptions = R"py(
import ast, json, sys

def literal(node):
    try:
        return ast.literal_eval(node)
    except Exception:
        return None

with open(sys.argv[1], "rb") as file:
    tree = ast.parse(file.read())
calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)
         and isinstance(n.func, ast.Attribute) and n.func.attr == "add_argument"]
options = []
for call in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
    flags = [f for f in map(literal, call.args) if isinstance(f, str) and f.startswith("--")]
    words = {k.arg: k.value for k in call.keywords}
    if not flags or "action" in words:
        continue
    kind = words.get("type")
    default = literal(words["default"]) if "default" in words else None
    choices = literal(words["choices"]) if "choices" in words else None
    if kind is None and isinstance(default, (int, float)) and not isinstance(default, bool):
        kind = ast.Name(type(default).__name__)
    options.append({
        "flag": flags[0],
        "type": kind.id if isinstance(kind, ast.Name) else "",
        "default": None if default is None else str(default),
        "required": "required" in words and bool(literal(words["required"])),
        "choices": [str(c) for c in choices] if isinstance(choices, (list, tuple)) else [],
        "help": str(literal(words["help"]) or "") if "help" in words else "",
    })
print(json.dumps(options))
)py";

/// Names that training code prints, the most telling first.
constexpr std::array<std::string_view, 12> kMetrics = {
    "val_accuracy", "test_accuracy", "accuracy", "val_acc", "auc",  "f1",
    "val_loss",     "test_loss",     "rmse",     "mse",     "loss", "error"};

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Result<std::vector<std::string>> CommandOf(const std::string& path, const std::string& text) {
  const std::string extension = std::filesystem::path(path).extension().string();
  const std::string first = FirstLine(text);
  const bool marked = first.starts_with("#!");
  if (extension == ".py" || (marked && first.find("python") != std::string::npos)) {
    return std::vector<std::string>{"python3", path};
  }
  if (extension == ".sh" || (marked && first.ends_with("sh"))) {
    return std::vector<std::string>{first.ends_with("/sh") ? "sh" : "bash", path};
  }
  if (::access(path.c_str(), X_OK) == 0) {
    return std::vector<std::string>{path.find('/') == std::string::npos ? "./" + path : path};
  }
  return Fail(Code::kInvalidArgument,
              path +
                  " is neither Python (.py) nor a shell script (.sh) nor executable; make it "
                  "executable or give it its ending");
}

ScriptOption OptionOf(const nlohmann::json& object) {
  ScriptOption option;
  option.name = object.at("flag").get<std::string>().substr(2);
  const auto type = object.at("type").get<std::string>();
  option.kind = type == "float" ? ScriptOption::Kind::kReal
                : type == "int" ? ScriptOption::Kind::kInteger
                                : ScriptOption::Kind::kText;
  if (object.at("default").is_string()) {
    option.default_text = object.at("default").get<std::string>();
  }
  option.required = object.at("required").get<bool>();
  option.choices = object.at("choices").get<std::vector<std::string>>();
  auto help = object.at("help").get<std::string>();
  std::replace(help.begin(), help.end(), '\n', ' ');
  option.help = Printable(help, 120);
  return option;
}

Result<std::vector<ScriptOption>> PythonOptions(const std::string& path) {
  auto listed = RunAndRead({"python3", "-I", "-c", kListOptions, path}, kPatience);
  if (!listed.has_value()) {
    return Fail(Code::kInvalidArgument,
                "Python cannot read " + path + ": " + Printable(listed.error().Text(), 500));
  }
  return Guard(Code::kInternal, "read the options of " + path, [&] {
    const auto objects = ParseJsonOrThrow(*listed);
    std::vector<ScriptOption> options(std::min(objects.size(), kMostOptions));
    std::transform(objects.begin(), objects.begin() + std::ssize(options), options.begin(),
                   &OptionOf);
    return options;
  });
}

/// Whether `name={...}`, `name=%f` or `name=$value` stands in the text: a value is put in there.
bool Prints(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    const std::string_view after = text.substr(at + name.size(), 2);
    const bool word = std::isalnum(static_cast<unsigned char>(before)) == 0 && before != '_';
    if (word && after.size() == 2 && after[0] == '=' &&
        std::string_view("{%$").find(after[1]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string PrintedMetric(std::string_view text) {
  for (const std::string_view metric : kMetrics) {
    if (Prints(text, metric)) {
      return std::string(metric);
    }
  }
  return "";
}

}  // namespace

Result<Script> ReadScript(const std::string& path) {
  auto text = ReadFile(path, kLargestScript);
  if (!text.has_value()) {
    return Fail(Code::kInvalidArgument, text.error().Text());
  }
  Script script;
  HONE_ASSIGN_OR_RETURN(script.command, CommandOf(path, *text));
  if (script.command.front() == "python3") {
    HONE_ASSIGN_OR_RETURN(script.options, PythonOptions(path));
  }
  script.metric = PrintedMetric(*text);
  return script;
}

}  // namespace hone::cli
