// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/event_message.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace hone {
namespace {

static_assert(std::endian::native == std::endian::little, "fixed-width fields are copied as is");

enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// One field of a message: a number for varints and fixed widths, bytes for the rest.
struct Field {
  std::uint64_t number = 0;
  Wire wire = Wire::kVarint;
  std::uint64_t bits = 0;
  std::string_view bytes;

  [[nodiscard]] bool Is(std::uint64_t wanted, Wire as) const {
    return number == wanted && wire == as;
  }
};

std::optional<std::uint64_t> TakeVarint(std::string_view& rest) {
  constexpr unsigned kLastShift = 63;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= kLastShift && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80U) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> TakeBytes(std::string_view& rest, std::uint64_t count) {
  if (count > rest.size()) {
    return std::nullopt;
  }
  const std::string_view taken = rest.substr(0, count);
  rest.remove_prefix(count);
  return taken;
}

std::uint64_t BitsOf(std::string_view bytes) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), std::min(bytes.size(), sizeof bits));
  return bits;
}

/// Takes the next field off. Nothing: the message is not well-formed.
std::optional<Field> TakeField(std::string_view& rest) {
  const auto key = TakeVarint(rest);
  if (!key || *key >> 3U == 0) {
    return std::nullopt;
  }
  Field field{*key >> 3U, static_cast<Wire>(*key & 7U), 0, {}};
  std::optional<std::uint64_t> length;
  switch (field.wire) {
    case Wire::kVarint:
      length = TakeVarint(rest);
      field.bits = length.value_or(0);
      return length ? std::optional(field) : std::nullopt;
    case Wire::kFixed64:
      length = 8;
      break;
    case Wire::kFixed32:
      length = 4;
      break;
    case Wire::kBytes:
      length = TakeVarint(rest);
      break;
  }
  const auto bytes = length ? TakeBytes(rest, *length) : std::nullopt;
  if (!bytes) {
    return std::nullopt;  // groups, too: nothing in an event has any
  }
  field.bytes = *bytes;
  field.bits = BitsOf(*bytes);
  return field;
}

/// Calls `take` for each field. @returns false if the message is not well-formed or `take` says so
template <class Take>
bool ForFields(std::string_view message, const Take& take) {
  while (!message.empty()) {
    const std::optional<Field> field = TakeField(message);
    if (!field || !take(*field)) {
      return false;
    }
  }
  return true;
}

float FloatOf(std::uint64_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

/// The shortest text that reads back as the same number of its own width: 0.1 for a float's 0.1.
template <class Number>
std::string TextOf(Number number) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

/// Numbers of tensorflow/core/framework/types.proto.
enum class TensorType : std::uint8_t { kFloat = 1, kDouble = 2, kInt32 = 3, kInt64 = 9 };

struct NumberFormat {
  TensorType type;
  std::uint64_t field;  ///< of TensorProto, with values of this type
  std::size_t width;    ///< bytes in tensor_content
};
constexpr std::array<NumberFormat, 4> kNumbers = {{{TensorType::kFloat, 5, 4},
                                                   {TensorType::kDouble, 6, 8},
                                                   {TensorType::kInt32, 7, 4},
                                                   {TensorType::kInt64, 10, 8}}};

std::string NumberText(TensorType type, std::uint64_t bits) {
  switch (type) {
    case TensorType::kFloat:
      return TextOf(FloatOf(bits));
    case TensorType::kDouble:
      return TextOf(std::bit_cast<double>(bits));
    case TensorType::kInt32:
      return TextOf(static_cast<std::int32_t>(bits));
    case TensorType::kInt64:
      return TextOf(static_cast<std::int64_t>(bits));
  }
  return "";
}

/// The bits of the only number in a tensor's field. Nothing: none or several.
std::optional<std::uint64_t> OnlyNumber(const Field& field, const NumberFormat& format) {
  if (field.wire != Wire::kBytes) {
    return field.bits;
  }
  std::string_view packed = field.bytes;
  const bool is_float = format.type == TensorType::kFloat || format.type == TensorType::kDouble;
  if (is_float) {
    return packed.size() == format.width ? std::optional(BitsOf(packed)) : std::nullopt;
  }
  const auto number = TakeVarint(packed);
  return packed.empty() ? number : std::nullopt;
}

/// What of a TensorProto matters.
struct Tensor {
  std::uint64_t type = 0;
  std::string_view content;
  std::vector<Field> values;
};

/// The text of a tensor with one number. Empty: it is no scalar.
std::string ScalarText(const Tensor& tensor) {
  const auto* const format = std::ranges::find_if(kNumbers, [&tensor](const NumberFormat& known) {
    return static_cast<std::uint64_t>(known.type) == tensor.type;
  });
  if (format == kNumbers.end()) {
    return "";
  }
  if (!tensor.content.empty()) {
    return tensor.content.size() == format->width ? NumberText(format->type, BitsOf(tensor.content))
                                                  : "";
  }
  std::optional<std::uint64_t> bits;
  for (const Field& field : tensor.values) {
    if (field.number != format->field) {
      continue;
    }
    if (bits) {
      return "";
    }
    bits = OnlyNumber(field, *format);
    if (!bits) {
      return "";
    }
  }
  return bits ? NumberText(format->type, *bits) : "";
}

bool ParseTensor(std::string_view message, std::string& text) {
  Tensor tensor;
  const bool good = ForFields(message, [&tensor](const Field& field) {
    if (field.Is(1, Wire::kVarint)) {
      tensor.type = field.bits;
    } else if (field.Is(4, Wire::kBytes)) {
      tensor.content = field.bytes;
    } else if (field.number >= 5 && field.number <= 10 && tensor.values.size() < 3) {
      tensor.values.push_back(field);
    }
    return true;
  });
  text = ScalarText(tensor);
  return good;
}

/// SummaryMetadata.plugin_data.plugin_name.
bool ParsePlugin(std::string_view metadata, std::string_view& plugin) {
  return ForFields(metadata, [&plugin](const Field& data) {
    return !data.Is(1, Wire::kBytes) || ForFields(data.bytes, [&plugin](const Field& field) {
      plugin = field.Is(1, Wire::kBytes) ? field.bytes : plugin;
      return true;
    });
  });
}

/// A Summary.Value that is a scalar.
struct Scalar {
  std::string_view tag;
  std::string text;  ///< empty: it is none
};

bool ParseValue(std::string_view message, Scalar& scalar) {
  std::string_view plugin = "scalars";
  const bool good = ForFields(message, [&](const Field& field) {
    if (field.Is(1, Wire::kBytes)) {
      scalar.tag = field.bytes;
    } else if (field.Is(2, Wire::kFixed32)) {
      scalar.text = TextOf(FloatOf(field.bits));
    } else if (field.Is(8, Wire::kBytes)) {
      return ParseTensor(field.bytes, scalar.text);
    } else if (field.Is(9, Wire::kBytes)) {
      return ParsePlugin(field.bytes, plugin);
    }
    return true;
  });
  if (plugin != "scalars" && !plugin.empty()) {
    scalar.text.clear();
  }
  return good;
}

std::optional<Timestamp> TimeOf(double seconds) {
  constexpr double kLastSecond = 253402300799.0;  // of year 9999, the last of RFC 3339
  constexpr double kMicros = 1e6;
  if (!(seconds >= 0 && seconds <= kLastSecond)) {
    return std::nullopt;
  }
  return Timestamp(Duration(std::llround(seconds * kMicros)));
}

/// What of an Event matters.
struct Event {
  double wall_time = -1;
  std::int64_t step = 0;
  std::vector<Scalar> scalars;
};

bool ParseSummary(std::string_view message, std::vector<Scalar>& scalars) {
  return ForFields(message, [&scalars](const Field& field) {
    if (!field.Is(1, Wire::kBytes)) {
      return true;
    }
    Scalar scalar;
    const bool good = ParseValue(field.bytes, scalar);
    if (!scalar.text.empty()) {
      scalars.push_back(std::move(scalar));
    }
    return good;
  });
}

bool EndsWithComponents(std::string_view folder, std::string_view components) {
  return folder == components ||
         (folder.ends_with(components) && folder[folder.size() - components.size() - 1] == '/');
}

std::string_view WithoutCounter(std::string_view tag) {
  const std::size_t last = tag.find_last_not_of("0123456789");
  const bool has = last != std::string_view::npos && last + 1 < tag.size() && tag[last] == '_';
  return has ? tag.substr(0, last) : tag;
}

}  // namespace

EventMetrics::EventMetrics(const std::vector<std::string>& metrics, std::string_view folder) {
  while (folder.ends_with('/')) {
    folder.remove_suffix(1);
  }
  for (const std::string& metric : metrics) {
    const std::size_t slash = metric.rfind('/');
    const bool here = slash == std::string::npos ||
                      EndsWithComponents(folder, std::string_view(metric).substr(0, slash));
    wanted_.push_back({metric, here ? metric.substr(slash + 1) : ""});
  }
}

void EventMetrics::Add(std::string_view tag, const MetricRecord& value,
                       std::vector<MetricRecord>& out) const {
  const std::string_view plain = WithoutCounter(tag);
  for (const Wanted& wanted : wanted_) {
    const bool by_folder = !wanted.tag.empty() && (tag == wanted.tag || plain == wanted.tag);
    if (by_folder || tag == wanted.metric) {
      out.push_back(value);
      out.back().metric = wanted.metric;
    }
  }
}

bool ParseEvent(std::string_view message, const EventMetrics& metrics,
                std::vector<MetricRecord>& out) {
  Event event;
  const bool good = ForFields(message, [&event](const Field& field) {
    if (field.Is(1, Wire::kFixed64)) {
      event.wall_time = std::bit_cast<double>(field.bits);
    } else if (field.Is(2, Wire::kVarint)) {
      event.step = static_cast<std::int64_t>(field.bits);
    } else if (field.Is(5, Wire::kBytes)) {
      return ParseSummary(field.bytes, event.scalars);
    }
    return true;
  });
  if (!good) {
    return false;
  }
  const std::optional<Timestamp> time = TimeOf(event.wall_time);
  for (Scalar& scalar : event.scalars) {
    const MetricRecord record{"", std::move(scalar.text), time, static_cast<double>(event.step)};
    metrics.Add(scalar.tag, record, out);
  }
  return true;
}

}  // namespace hone
