// SPDX-License-Identifier: Apache-2.0
#include "core/kubernetes_job.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "core/kubernetes_job_types.h"

namespace hone {
namespace {

using nlohmann::json;

struct TypedField {
  std::string_view name;
  std::string_view kind;
};
using Types = std::map<std::string_view, std::vector<TypedField>>;

Types ParseTypes() {
  Types types;
  for (const std::string_view line : Split(kJobTypes, '\n')) {
    if (line.empty()) {
      continue;
    }
    const std::size_t colon = line.find(':');
    std::vector<TypedField>& fields = types[line.substr(0, colon)];
    for (std::string_view field : Split(line.substr(colon + 1), ',')) {
      field = Trim(field);
      const std::size_t blank = field.find(' ');
      fields.push_back({field.substr(0, blank), field.substr(blank + 1)});
    }
  }
  return types;
}

const Types& JobTypes() {
  static const Types types = ParseTypes();
  return types;
}

std::string_view WordFor(std::string_view kind) {
  if (kind == "text") {
    return "a text; put it in quotes";
  }
  if (kind == "int") {
    return "a whole number without quotes";
  }
  if (kind == "bool") {
    return "true or false without quotes";
  }
  return kind == "quantity" ? "a text or a number" : "a whole number or a text";
}

bool Fits(const json& value, std::string_view kind) {
  if (kind == "text") {
    return value.is_string();
  }
  if (kind == "int") {
    return value.is_number_integer();
  }
  if (kind == "bool") {
    return value.is_boolean();
  }
  return value.is_string() || (kind == "quantity" ? value.is_number() : value.is_number_integer());
}

std::string Member(const std::string& path, const std::string& key) {
  return std::string(path).append(".").append(key);
}

class JobCheck {
 public:
  explicit JobCheck(Problems& problems) : problems_(problems) {}

  void CheckValue(const json& value, std::string_view kind, const std::string& path) {
    if (value.is_null() || kind == "any") {
      return;
    }
    if (kind.ends_with("[]")) {
      CheckList(value, kind.substr(0, kind.size() - 2), path);
    } else if (kind == "map" || kind == "quantities") {
      CheckMap(value, kind == "map" ? "text" : "quantity", path);
    } else if (const auto type = JobTypes().find(kind); type != JobTypes().end()) {
      CheckObject(value, type->second, path);
    } else if (!Fits(value, kind)) {
      problems_.Refuse(path, "must be " + std::string(WordFor(kind)));
    }
  }

 private:
  void CheckList(const json& value, std::string_view kind, const std::string& path) {
    if (!value.is_array()) {
      problems_.Refuse(path, "must be a list");
      return;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string item = path;
      item.append("[").append(std::to_string(i)).append("]");
      CheckValue(value[i], kind, item);
    }
  }

  void CheckMap(const json& value, std::string_view kind, const std::string& path) {
    if (!value.is_object()) {
      problems_.Refuse(path, "must be an object");
      return;
    }
    for (const auto& [key, item] : value.items()) {
      CheckValue(item, kind, Member(path, key));
    }
  }

  void CheckObject(const json& value, const std::vector<TypedField>& fields,
                   const std::string& path) {
    if (!value.is_object()) {
      problems_.Refuse(path, "must be an object");
      return;
    }
    for (const auto& [key, item] : value.items()) {
      const auto field = std::ranges::find(fields, key, &TypedField::name);
      if (field == fields.end()) {
        TellUnknown(key, fields, path);
      } else {
        CheckValue(item, field->kind, Member(path, key));
      }
    }
  }

  void TellUnknown(const std::string& key, const std::vector<TypedField>& fields,
                   const std::string& path) {
    std::vector<std::string_view> names;
    names.reserve(fields.size());
    for (const TypedField& field : fields) {
      names.push_back(field.name);
    }
    const std::string_view near = Nearest(key, names);
    problems_.Refuse(path + "." + Printable(key),
                     "Kubernetes knows no such field here; " +
                         (near.empty() ? "remove it" : "did you mean " + std::string(near) + "?"));
  }

  Problems& problems_;
};

}  // namespace

void CheckJobFields(std::string_view trial_spec, const std::string& field, Problems& problems) {
  const json object = ParseJson(trial_spec);
  if (!object.is_object() || object.value("apiVersion", json()) != "batch/v1" ||
      object.value("kind", json()) != "Job") {
    return;
  }
  JobCheck(problems).CheckValue(object, "Job", field);
}

}  // namespace hone
