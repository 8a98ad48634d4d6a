// SPDX-License-Identifier: Apache-2.0
#include "api/wire/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <boost/nowide/utf/utf.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "api/wire/source_node.h"
#include "api/wire/yaml_scalar.h"
#include "base/text.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 3U << 19U;  // the most that etcd takes, too
constexpr std::size_t kMostValues = 100'000;
constexpr std::size_t kMostExpandedBytes = 16U << 20U;
constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kDeepest = 100;
constexpr std::size_t kShown = 60;

/// Leaves yaml-cpp's parser; never leaves this file.
struct Refusal : std::exception {
  explicit Refusal(YamlError told) : error(std::move(told)) {}
  YamlError error;
};

[[noreturn]] void Refuse(int line, std::string message) {
  throw Refusal({line, std::move(message)});
}

std::string Quoted(std::string_view text) {
  return "\"" + Printable(text, kShown) + "\"";
}

/// Control characters and bytes that are not UTF-8, which yaml-cpp would take for the end of the
/// text or pass on.
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

/// Builds the tree of one document from yaml-cpp's events, and keeps the budget.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    anchors_.clear();
    frames_.clear();
    root_ = SourceNode{};
    root_.line = mark.line + 1;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (AtKey()) {
      Refuse(Line(mark), "a key must be a text, not null; put it in quotes");
    }
    SourceNode node;
    node.plain = true;
    Place(std::move(node), Line(mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (AtKey()) {
      TakeKey(value, tag == "?", Line(mark));
      return;
    }
    SourceNode node;
    node.plain = tag == "?";
    node.text = value;
    node.tag = tag == "?" || tag == "!" ? "" : tag;
    Place(std::move(node), Line(mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (AtKey()) {
      Refuse(Line(mark), "a key must be a text, not an alias");
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Refuse(Line(mark), "this alias refers to something that contains it");
    }
    Spend(found->second, Line(mark));
    Attach(found->second, Line(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(SourceNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(SourceNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override {
    Merge();
    Close();
  }

  [[nodiscard]] SourceNode TakeRoot() { return std::move(root_); }

 private:
  struct Frame {
    SourceNode node;
    YAML::anchor_t anchor = 0;
    int start_line = 1;
    std::optional<std::string> key;
    int key_line = 1;
    bool merging = false;  // the key is a plain <<
    std::optional<SourceNode> merge;
  };

  static int Line(const YAML::Mark& mark) { return mark.line + 1; }

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
      Refuse(line, "the key " + Quoted(key) + " stands here and in line " +
                       std::to_string(before->second.line) + "; remove one of the two");
    }
    if (frame.merging && frame.merge) {
      Refuse(line, "there are two << keys in one map; use one with a list");
    }
    frame.key = key;
    frame.key_line = line;
  }

  void Open(SourceNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (AtKey()) {
      Refuse(Line(mark), "a key must be a text, not a list or a map");
    }
    const bool usual =
        tag.empty() || tag == "?" || tag == "!" || tag.ends_with(":map") || tag.ends_with(":seq");
    if (!usual) {
      Refuse(Line(mark), "the tag " + Quoted(tag) + " is not supported; remove it");
    }
    if (frames_.size() >= kDeepest) {
      Refuse(Line(mark), "the nesting is deeper than 100 levels");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.anchor = anchor;
    frame.start_line = Line(mark);
    frames_.push_back(std::move(frame));
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    Place(std::move(frame.node), frame.start_line, frame.anchor);
  }

  void Place(SourceNode node, int line, YAML::anchor_t anchor) {
    SpendOne(node, line);
    node.line = line;
    if (anchor != 0) {
      Spend(node, line);  // a copy too: nested anchors would hold the innermost value many times
      anchors_[anchor] = node;
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
    } else {
      frame.node.members.emplace(std::move(*frame.key), std::move(node));
    }
    frame.key.reset();
    frame.merging = false;
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

  std::map<YAML::anchor_t, SourceNode> anchors_;
  std::vector<Frame> frames_;
  SourceNode root_;
  std::size_t values_ = 0;  // over all documents
  std::size_t bytes_ = 0;
};

json ScalarValue(const SourceNode& node) {
  constexpr std::string_view kStandard = "tag:yaml.org,2002:";
  if (!node.plain && node.tag.empty()) {
    return node.text;
  }
  json value = ResolvePlainScalar(node.text);
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    Refuse(node.line, Quoted(node.text) + " is no number that JSON knows; write it in quotes");
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
    Refuse(node.line, "the tag " + Quoted(tag) + " is not supported here; remove it");
  }
  return value;
}

/// @param depth  aliases may nest deeper than the events did
json ToJson(const SourceNode& node, std::size_t depth) {
  if (depth > kDeepest) {
    Refuse(node.line, "the nesting is deeper than 100 levels once aliases are expanded");
  }
  if (node.kind == SourceNode::Kind::kScalar) {
    return ScalarValue(node);
  }
  if (node.kind == SourceNode::Kind::kList) {
    json list = json::array();
    for (const SourceNode& item : node.items) {
      list.push_back(ToJson(item, depth + 1));
    }
    return list;
  }
  json object = json::object();
  for (const auto& [key, value] : node.members) {
    object[key] = ToJson(value, depth + 1);
  }
  return object;
}

std::vector<YamlDocument> ParseDocuments(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Builder builder;
  std::vector<YamlDocument> documents;
  while (parser.HandleNextDocument(builder)) {
    SourceNode root = builder.TakeRoot();
    auto value = std::make_shared<const json>(ToJson(root, 1));
    documents.push_back(
        {std::move(value), SourceMap(std::make_shared<const SourceNode>(std::move(root)))});
  }
  return documents;
}

}  // namespace

tl::expected<std::vector<YamlDocument>, YamlError> ParseYaml(std::string_view text) {
  if (text.size() > kMostBytes) {
    return tl::make_unexpected(YamlError{1, "the text is larger than 1.5 MiB"});
  }
  if (auto error = CheckCharacters(text)) {
    return tl::make_unexpected(std::move(*error));
  }
  try {
    return ParseDocuments(text);
  } catch (const Refusal& refusal) {
    return tl::make_unexpected(refusal.error);
  } catch (const YAML::Exception& e) {
    const int line = e.mark.is_null() ? 1 : e.mark.line + 1;
    return tl::make_unexpected(YamlError{line, "the YAML is malformed: " + Printable(e.msg, 200)});
  } catch (const std::logic_error& e) {
    return tl::make_unexpected(
        YamlError{1, "the YAML cannot be read: " + Printable(e.what(), 200)});
  }
}

}  // namespace hone
