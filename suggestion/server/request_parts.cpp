// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/request_parts.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <limits>
#include <string>

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::uint32_t kTrialTag = WireFormatLite::MakeTag(
    pb::GetSuggestionsRequest::kTrialsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

/// What is behind the tag of a trial.
std::optional<std::string_view> TakeTrial(CodedInputStream& input, std::string_view bytes) {
  std::uint32_t size = 0;
  if (!input.ReadVarint32(&size)) {
    return std::nullopt;
  }
  const auto begin = static_cast<std::size_t>(input.CurrentPosition());
  if (size > bytes.size() - begin || !input.Skip(static_cast<int>(size))) {
    return std::nullopt;
  }
  return bytes.substr(begin, size);
}

}  // namespace

std::optional<RequestParts> SplitRequest(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return std::nullopt;
  }
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                         static_cast<int>(bytes.size()));
  RequestParts parts;
  std::string rest;
  while (static_cast<std::size_t>(input.CurrentPosition()) < bytes.size()) {
    const auto begin = static_cast<std::size_t>(input.CurrentPosition());
    const std::uint32_t tag = input.ReadTag();
    if (tag == kTrialTag) {
      const std::optional<std::string_view> trial = TakeTrial(input, bytes);
      if (!trial) {
        return std::nullopt;
      }
      parts.trials.push_back(*trial);
      continue;
    }
    if (tag == 0 || !WireFormatLite::SkipField(&input, tag)) {
      return std::nullopt;
    }
    rest += bytes.substr(begin, static_cast<std::size_t>(input.CurrentPosition()) - begin);
  }
  if (!parts.rest.ParseFromString(rest)) {
    return std::nullopt;
  }
  return parts;
}

}  // namespace hone
