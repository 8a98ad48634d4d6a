// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/convert.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "tests/catch.h"

namespace {

using google::protobuf::Struct;
using hone::daemon::StructOf;

TEST_CASE("a struct of JSON is what protobuf itself reads", "[api]") {
  for (
      const std::string text :
      {R"({})",
       R"({"x":0.1,"n":3,"big":9007199254740993,"word":"a\u00e4\"\n","yes":true,"no":null})",
       R"({"list":[1,[],{}, "two",[null,false]],"inner":{"empty":{},"deep":{"deeper":[{"x":-1e300}]}}})"}) {
    Struct theirs;
    REQUIRE(google::protobuf::util::JsonStringToMessage(text, &theirs).ok());
    CHECK(StructOf(text).SerializeAsString().size() == theirs.SerializeAsString().size());
    CHECK(StructOf(text).DebugString() == theirs.DebugString());
  }
}

TEST_CASE("a struct of what is no object, or too deep, is empty", "[api]") {
  std::string deep = "1";
  for (int i = 0; i < 300; ++i) {
    deep = R"({"x":)" + deep + "}";
  }
  for (const std::string& text : {std::string(), std::string("[1]"), std::string("{"), deep}) {
    CHECK(StructOf(text).fields().empty());
  }
}

}  // namespace
