// SPDX-License-Identifier: Apache-2.0
#include "api/wire/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <boost/nowide/utf/utf.hpp>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/source_node.h"
#include "base/text.h"
#include "core/plain_scalar.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 3U << 19U;  // the most that etcd takes, too
constexpr std::size_t kMostValues = 100'000;
constexpr std::size_t kMostExpandedBytes = 16U << 20U;
constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kDeepest = 100;

/// Leaves the loop over events; never leaves this file.
struct Refusal : std::exception {
  explicit Refusal(YamlError told) : error(std::move(told)) {}
  YamlError error;
};

[[noreturn]] void Refuse(int line, std::string message) {
  throw Refusal({line, std::move(message)});
}

/// Control characters and bytes that are not UTF-8.
std::optional<YamlError> CheckCharacters(std::string_view text) {
  using Traits = boost::nowide::utf::utf_traits<char>;
  int line = 1;
  const char* pos = text.data();
  const char* const end = pos + text.size();
  while (pos != end) {
    const auto c = Traits::decode(pos, end);
    if (c == boost::nowide::utf::illegal || c == boost::nowide::utf::incomplete) {
      return YamlError{line, "the text is not UTF-8"};
    }
    const bool is_control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (is_control) {
      return YamlError{line, "there is a control character (code " +
                                 std::to_string(static_cast<unsigned>(c)) +
                                 "); a text file is wanted"};
    }
    line += c == '\n' ? 1 : 0;
  }
  return std::nullopt;
}

std::string_view TextOf(const yaml_char_t* text) {
  return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text);
}

int LineOf(const yaml_mark_t& mark) {
  return static_cast<int>(mark.line) + 1;
}

/// Builds the tree of one document from libyaml's events, and keeps the budget.
class Builder {
 public:
  explicit Builder(std::vector<YamlError>& mistakes) : mistakes_(mistakes) {}

  /// @returns whether a document is complete
  bool Take(const yaml_event_t& event) {
    const int line = LineOf(event.start_mark);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        Start(line);
        break;
      case YAML_SCALAR_EVENT:
        TakeScalar(event, line);
        break;
      case YAML_ALIAS_EVENT:
        TakeAlias(TextOf(event.data.alias.anchor), line);
        break;
      case YAML_SEQUENCE_START_EVENT:
        Open(SourceNode::Kind::kList, line, TextOf(event.data.sequence_start.tag),
             TextOf(event.data.sequence_start.anchor));
        break;
      case YAML_MAPPING_START_EVENT:
        Open(SourceNode::Kind::kMap, line, TextOf(event.data.mapping_start.tag),
             TextOf(event.data.mapping_start.anchor));
        break;
      case YAML_SEQUENCE_END_EVENT:
        Close();
        break;
      case YAML_MAPPING_END_EVENT:
        Merge();
        Close();
        break;
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return event.type == YAML_DOCUMENT_END_EVENT;
  }

  [[nodiscard]] SourceNode TakeRoot() { return std::move(root_); }

 private:
  struct Frame {
    SourceNode node;
    std::string anchor;
    int start_line = 1;
    std::optional<std::string> key;
    int key_line = 1;
    bool merging = false;   // the key is a plain <<
    bool dropping = false;  // the key was there already
    std::optional<SourceNode> merge;
  };

  void Start(int line) {
    anchors_.clear();
    frames_.clear();
    root_ = SourceNode{};
    root_.line = line;
  }

  void TakeScalar(const yaml_event_t& event, int line) {
    const auto& scalar = event.data.scalar;
    const std::string_view tag = TextOf(scalar.tag);
    SourceNode node;
    node.plain = scalar.plain_implicit != 0 && scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    node.tag = tag == "!" ? "" : tag;
    if (!AtKey()) {
      Place(std::move(node), line, TextOf(scalar.anchor));
      return;
    }
    if (node.plain && ResolvePlainScalar(node.text).is_null()) {
      Refuse(line, "a key must be a text, not null; put it in quotes");
    }
    TakeKey(node.text, node.plain, line);
  }

  void TakeAlias(std::string_view anchor, int line) {
    if (AtKey()) {
      Refuse(line, "a key must be a text, not an alias");
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Refuse(line, "the alias " + Quoted(anchor) +
                       " refers to nothing before it, or to something that contains it");
    }
    Spend(found->second, line);
    Attach(found->second, line);
  }

  [[nodiscard]] bool AtKey() const {
    return !frames_.empty() && frames_.back().node.kind == SourceNode::Kind::kMap &&
           !frames_.back().key;
  }

  void TakeKey(const std::string& key, bool plain, int line) {
    Frame& frame = frames_.back();
    if (key.size() > kLongestKey) {
      Refuse(line, "a key has more than 1024 bytes");
    }
    frame.merging = plain && key == "<<";
    const auto before = frame.node.members.find(key);
    if (before != frame.node.members.end()) {
      mistakes_.push_back({line, "the key " + Quoted(key) + " stands here and in line " +
                                     std::to_string(before->second.line) +
                                     "; remove one of the two"});
      frame.dropping = true;
    }
    if (frame.merging && frame.merge) {
      Refuse(line, "there are two << keys in one map; use one with a list");
    }
    frame.key = key;
    frame.key_line = line;
  }

  void Open(SourceNode::Kind kind, int line, std::string_view tag, std::string_view anchor) {
    if (AtKey()) {
      Refuse(line, "a key must be a text, not a list or a map");
    }
    const bool usual = tag.empty() || tag == "!" || tag.ends_with(":map") || tag.ends_with(":seq");
    if (!usual) {
      mistakes_.push_back({line, "the tag " + Quoted(tag) + " is not supported; remove it"});
    }
    if (frames_.size() >= kDeepest) {
      Refuse(line, "the nesting is deeper than 100 levels");
    }
    if (const auto before = anchors_.find(anchor); before != anchors_.end()) {
      anchors_.erase(before);  // from here on the name means this value, which is not complete
    }
    Frame frame;
    frame.node.kind = kind;
    frame.anchor = anchor;
    frame.start_line = line;
    frames_.push_back(std::move(frame));
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    Place(std::move(frame.node), frame.start_line, frame.anchor);
  }

  void Place(SourceNode node, int line, std::string_view anchor) {
    SpendOne(node, line);
    node.line = line;
    if (!anchor.empty()) {
      Spend(node, line);  // a copy too: nested anchors would hold the innermost value many times
      anchors_.insert_or_assign(std::string(anchor), node);
    }
    Attach(std::move(node), line);
  }

  void Attach(SourceNode node, int line) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == SourceNode::Kind::kList) {
      node.line = line;
      frame.node.items.push_back(std::move(node));
      return;
    }
    node.line = frame.key_line;
    if (frame.merging) {
      frame.merge = std::move(node);
    } else if (!frame.dropping) {
      frame.node.members.emplace(std::move(*frame.key), std::move(node));
    }
    frame.key.reset();
    frame.merging = false;
    frame.dropping = false;
  }

  /// `<<: *base` or a list of them: members that the map does not have itself; earlier ones win.
  void Merge() {
    Frame& frame = frames_.back();
    if (!frame.merge) {
      return;
    }
    const SourceNode merge = std::move(*frame.merge);
    if (merge.kind != SourceNode::Kind::kList) {
      MergeOne(merge, merge.line, frame.node);
      return;
    }
    for (const SourceNode& item : merge.items) {
      MergeOne(item, merge.line, frame.node);
    }
  }

  void MergeOne(const SourceNode& from, int line, SourceNode& into) {
    if (from.kind != SourceNode::Kind::kMap) {
      Refuse(line, "<< merges a map or a list of maps; write \"<<\" in quotes for a plain key");
    }
    for (const auto& [key, value] : from.members) {
      if (!into.members.contains(key)) {
        Spend(value, line);
        into.members.emplace(key, value);
      }
    }
  }

  void SpendOne(const SourceNode& node, int line) {
    values_ += 1;
    bytes_ += node.text.size();
    if (values_ > kMostValues || bytes_ > kMostExpandedBytes) {
      Refuse(line,
             "the text is too large once its aliases are expanded (at most 100000 values and "
             "16 MiB)");
    }
  }

  void Spend(const SourceNode& node, int line) {
    SpendOne(node, line);
    for (const SourceNode& item : node.items) {
      Spend(item, line);
    }
    for (const auto& [key, value] : node.members) {
      bytes_ += key.size();
      Spend(value, line);
    }
  }

  std::vector<YamlError>& mistakes_;
  std::map<std::string, SourceNode, std::less<>> anchors_;
  std::vector<Frame> frames_;
  SourceNode root_;
  std::size_t values_ = 0;  // over all documents
  std::size_t bytes_ = 0;
};

json ScalarValue(const SourceNode& node, std::vector<YamlError>& mistakes) {
  constexpr std::string_view kStandard = "tag:yaml.org,2002:";
  if (!node.plain && node.tag.empty()) {
    return node.text;
  }
  json value = ResolvePlainScalar(node.text);
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    mistakes.push_back(
        {node.line, Quoted(node.text) + " is no number that JSON knows; write it in quotes"});
    return node.text;
  }
  if (node.plain) {
    return value;
  }
  const std::string_view tag = node.tag;
  const std::string_view name = tag.starts_with(kStandard) ? tag.substr(kStandard.size()) : "";
  if (name == "str") {
    return node.text;
  }
  const bool fits = (name == "int" && value.is_number_integer()) ||
                    (name == "float" && value.is_number()) ||
                    (name == "bool" && value.is_boolean()) || (name == "null" && value.is_null());
  if (!fits) {
    mistakes.push_back({node.line, "the tag " + Quoted(tag) + " is not supported here; remove it"});
    return node.text;
  }
  return value;
}

/// @param depth  aliases may nest deeper than the events did
json ToJson(const SourceNode& node, std::size_t depth, std::vector<YamlError>& mistakes) {
  if (depth > kDeepest) {
    Refuse(node.line, "the nesting is deeper than 100 levels once aliases are expanded");
  }
  if (node.kind == SourceNode::Kind::kScalar) {
    return ScalarValue(node, mistakes);
  }
  if (node.kind == SourceNode::Kind::kList) {
    json list = json::array();
    for (const SourceNode& item : node.items) {
      list.push_back(ToJson(item, depth + 1, mistakes));
    }
    return list;
  }
  json object = json::object();
  for (const auto& [key, value] : node.members) {
    object[key] = ToJson(value, depth + 1, mistakes);
  }
  return object;
}

/// One event at a time from libyaml, whose memory it owns.
class EventReader {
 public:
  explicit EventReader(std::string_view text) : text_(text) {
    if (yaml_parser_initialize(&parser_) == 0) {
      throw std::bad_alloc();
    }
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;
  ~EventReader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  /// Valid until the next call.
  const yaml_event_t& Next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) == 0) {
      Fail();
    }
    return event_;
  }

 private:
  [[noreturn]] void Fail() {
    if (parser_.error == YAML_MEMORY_ERROR) {
      throw std::bad_alloc();
    }
    // At the end of the text the mark may stand behind its last line.
    const auto breaks = static_cast<int>(std::ranges::count(text_, '\n'));
    int line = std::min(LineOf(parser_.problem_mark), breaks + (text_.ends_with('\n') ? 0 : 1));
    if (parser_.error == YAML_READER_ERROR) {
      const std::size_t end = std::min(parser_.problem_offset, text_.size());
      line = 1 + static_cast<int>(std::ranges::count(text_.substr(0, end), '\n'));
    }
    const char* const problem = parser_.problem == nullptr ? "unknown" : parser_.problem;
    Refuse(line, "the YAML is malformed: " + Printable(problem, 200));
  }

  std::string_view text_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

std::vector<YamlDocument> ParseDocuments(std::string_view text, std::vector<YamlError>& mistakes) {
  EventReader reader(text);
  Builder builder(mistakes);
  std::vector<YamlDocument> documents;
  for (const yaml_event_t* event = &reader.Next(); event->type != YAML_STREAM_END_EVENT;
       event = &reader.Next()) {
    if (!builder.Take(*event)) {
      continue;
    }
    SourceNode root = builder.TakeRoot();
    auto value = std::make_shared<const json>(ToJson(root, 1, mistakes));
    documents.push_back(
        {std::move(value), SourceMap(std::make_shared<const SourceNode>(std::move(root)))});
  }
  return documents;
}

}  // namespace

tl::expected<std::vector<YamlDocument>, YamlError> ParseYaml(std::string_view text,
                                                             std::vector<YamlError>* mistakes) {
  if (text.size() > kMostBytes) {
    return tl::make_unexpected(YamlError{1, "the text is larger than 1.5 MiB"});
  }
  if (auto error = CheckCharacters(text)) {
    return tl::make_unexpected(std::move(*error));
  }
  std::vector<YamlError> found;
  std::vector<YamlError>& all = mistakes == nullptr ? found : *mistakes;
  try {
    std::vector<YamlDocument> documents = ParseDocuments(text, all);
    if (!found.empty()) {
      return tl::make_unexpected(found.front());
    }
    return documents;
  } catch (const Refusal& refusal) {
    return tl::make_unexpected(refusal.error);
  }
}

}  // namespace hone
