// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <set>

#include "api/server/daemon/rest.h"
#include "base/json.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

/// Schemas of messages, each once, under components.
class Schemas {
 public:
  json Of(const Descriptor* type) {
    if (type->full_name() == "google.protobuf.Struct") {
      return {{"type", "object"}};
    }
    if (type->full_name() == "google.protobuf.Timestamp") {
      return {{"type", "string"}, {"format", "date-time"}};
    }
    if (type->full_name() == "google.protobuf.Duration") {
      return {{"type", "string"}, {"example", "60s"}};
    }
    if (!all_.contains(type->name())) {
      all_[type->name()] = json::object();  // it may refer to itself
      json properties = json::object();
      for (int i = 0; i < type->field_count(); ++i) {
        properties[type->field(i)->json_name()] = OfField(type->field(i));
      }
      all_[type->name()] = {{"type", "object"}, {"properties", std::move(properties)}};
    }
    return {{"$ref", "#/components/schemas/" + type->name()}};
  }

  json OfField(const FieldDescriptor* field) {
    if (field->is_map()) {
      return {{"type", "object"}, {"additionalProperties", OfOne(field->message_type()->field(1))}};
    }
    return field->is_repeated() ? json{{"type", "array"}, {"items", OfOne(field)}} : OfOne(field);
  }

  json TakeAll() { return std::move(all_); }

 private:
  static json OfEnum(const google::protobuf::EnumDescriptor* type) {
    json words = json::array();
    for (int i = 0; i < type->value_count(); ++i) {
      words.push_back(type->value(i)->name());
    }
    return {{"type", "string"}, {"enum", std::move(words)}};
  }

  json OfOne(const FieldDescriptor* field) {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Of(field->message_type());
      case FieldDescriptor::CPPTYPE_ENUM:
        return OfEnum(field->enum_type());
      case FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "string"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_INT32:
        return {{"type", "integer"}, {"format", "int32"}};
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return {{"type", "number"}};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      default:
        return {{"type", "string"}};
    }
  }

  json all_ = json::object();
};

json Parameter(const FieldDescriptor* field, bool in_path, Schemas& schemas) {
  return {{"name", in_path ? field->name() : field->json_name()},
          {"in", in_path ? "path" : "query"},
          {"required", in_path},
          {"schema", schemas.OfField(field)}};
}

json Body(const Route& route, Schemas& schemas) {
  const json any = {{"schema", {{"type", "string"}}}};
  const json object = {{"schema", {{"type", "object"}}}};
  if (!route.body_field.empty()) {
    return {{"required", true},
            {"content", {{"application/yaml", any}, {"application/json", object}}}};
  }
  return {{"content", {{"application/json", {{"schema", schemas.Of(route.request)}}}}}};
}

json Operation(const Route& route, Schemas& schemas) {
  json parameters = json::array();
  for (int i = 0; i < route.request->field_count(); ++i) {
    const FieldDescriptor* const field = route.request->field(i);
    const bool in_path = route.path.find("{" + field->name() + "}") != std::string::npos;
    if (in_path || !route.body) {
      parameters.push_back(Parameter(field, in_path, schemas));
    }
  }
  const auto answer = [](const std::string& text, json schema) {
    return json{{"description", text},
                {"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
  };
  const json error = {{"$ref", "#/components/schemas/Error"}};
  json operation = {{"summary", route.summary},
                    {"parameters", std::move(parameters)},
                    {"responses",
                     {{"200", answer("Done.", schemas.Of(route.reply))},
                      {"default", answer("Refused: the message says why.", error)}}}};
  if (route.body) {
    operation["requestBody"] = Body(route, schemas);
  }
  return operation;
}

}  // namespace

std::string OpenApi(const std::vector<Route>& routes) {
  Schemas schemas;
  json paths = json::object();
  for (const Route& route : routes) {
    std::string method = route.method;
    for (char& c : method) {
      c = static_cast<char>(c | 0x20);
    }
    paths[route.path][method] = Operation(route, schemas);
  }
  json all = schemas.TakeAll();
  const json text = {{"type", "string"}};
  all["Error"] = {{"type", "object"}, {"properties", {{"code", text}, {"message", text}}}};
  const json document = {{"openapi", "3.0.3"},
                         {"info", {{"title", "hone"}, {"version", "v1"}}},
                         {"paths", std::move(paths)},
                         {"components", {{"schemas", std::move(all)}}}};
  return DumpJson(document, 2) + "\n";
}

}  // namespace hone::daemon
