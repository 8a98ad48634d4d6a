// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/experiments_api.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "algorithms/registry.h"
#include "api/server/daemon/convert.h"
#include "api/server/daemon/known_states.h"
#include "api/wire/experiment_file.h"
#include "api/wire/render.h"
#include "base/json.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

constexpr PageRule kMetricPages{10000, 1000};
constexpr PageRule kEventPages{5000, 1000};
constexpr std::size_t kEventBytes = 1 << 20;  // of a page; one event may be larger

Result<std::string> DocumentOf(const std::string& text) {
  const LoadedExperiment loaded = LoadExperiment(text, "document");
  if (!loaded.HasErrors()) {
    return loaded.spec.document;
  }
  std::vector<std::string> lines;
  for (const LocatedProblem& located : loaded.problems) {
    if (located.problem.severity == Problem::Severity::kError) {
      lines.push_back(FormatProblem(located));
    }
  }
  return Fail(Code::kInvalidArgument, Join(lines, "\n"));
}

pb::AlgorithmSetting SettingOf(const SettingSpec& setting) {
  pb::AlgorithmSetting out;
  out.set_name(setting.name);
  out.set_accepted(DescribeRange(setting));
  out.set_required(setting.required);
  out.set_summary(setting.doc);
  if (setting.default_text) {
    out.set_default_value(*setting.default_text);
  }
  return out;
}

/// The list of experiments is newest first: its token names the last one that was shown, and how
/// many come after it, for when that one is gone. New ones come before and move neither.
std::string TokenAfter(const std::vector<ExperimentRow>& rows, std::size_t place) {
  return std::to_string(rows.size() - place) + "," + rows[place - 1].id.text;
}

/// Where a page begins. @errors kInvalidArgument: a token that is none
Result<std::size_t> PlaceOf(const std::string& token, const std::vector<ExperimentRow>& rows) {
  if (token.empty()) {
    return 0;
  }
  const std::size_t comma = token.find(',');
  HONE_ASSIGN_OR_RETURN(const std::uint64_t left, TokenNumber(token.substr(0, comma)));
  if (comma == std::string::npos) {
    return Fail(Code::kInvalidArgument, "is not of an answer of this call", "page_token");
  }
  const auto shown = std::ranges::find(rows, token.substr(comma + 1),
                                       [](const ExperimentRow& row) { return row.id.text; });
  return shown != rows.end() ? static_cast<std::size_t>(shown - rows.begin()) + 1
                             : rows.size() - std::min<std::uint64_t>(left, rows.size());
}

template <class T>
std::optional<int> Given(bool given, T value) {
  return given ? std::optional<int>(value) : std::nullopt;
}

}  // namespace

Result<TrialRow> RowOf(const Parts& parts, const TrialId& id) {
  HONE_ASSIGN_OR_RETURN(auto rows, parts.states.Rows(parts.store, id.experiment, id.number - 1, 1));
  if (rows.empty() || rows.front().number != id.number) {
    return Fail(Code::kNotFound, "there is no such trial");
  }
  return std::move(rows.front());
}

std::string NamespaceOf(const std::string& text) {
  return text.empty() ? "default" : text;
}

Result<pb::Experiment> ExperimentsApi::Whole(const ExperimentRow& row) {
  pb::Experiment out = ExperimentOf(row);
  std::string object;
  HONE_RETURN_IF_ERROR(parts_.states.With(
      row.id, [&](const ExperimentState& state) { object = DumpJson(ExperimentObject(state)); }));
  *out.mutable_object() = StructOf(object);
  return out;
}

Result<pb::Experiment> ExperimentsApi::Find(const std::string& name_space,
                                            const std::string& name) {
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row,
                        parts_.store.FindExperiment(NamespaceOf(name_space), name));
  return Whole(row);
}

void ExperimentsApi::Ask(EngineRequest request, const request::Name& name,
                         Answer<pb::Experiment> answer) {
  parts_.engine.Handle(
      std::move(request), [this, name, answer = std::move(answer)](const Result<std::string>& r) {
        if (!r.has_value()) {
          return answer(tl::make_unexpected(r.error()));
        }
        parts_.readers.Post([this, name, answer] { answer(Find(name.name_space, name.name)); });
      });
}

Status ExperimentsApi::CheckRoom(const std::string& name_space) {
  if (parts_.limits.most_experiments == 0) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const auto rows, parts_.store.ListExperiments());
  const auto count = std::ranges::count(rows, name_space, &ExperimentRow::name_space);
  if (static_cast<std::uint32_t>(count) < parts_.limits.most_experiments) {
    return {};
  }
  return Fail(Code::kResourceExhausted,
              "the namespace has " + std::to_string(count) +
                  " experiments, as many as it may have: delete some, or start the server with a "
                  "larger --max-experiments");
}

void ExperimentsApi::Create(const pb::CreateExperimentRequest& request, const Caller& caller,
                            Answer<pb::Experiment> answer) {
  auto document = DocumentOf(request.document());
  if (!document.has_value()) {
    return answer(tl::make_unexpected(document.error()));
  }
  const auto metadata = ParseJsonOrThrow(*document).at("metadata");
  const request::Name name{metadata.at("namespace").get<std::string>(),
                           metadata.at("name").get<std::string>()};
  const Status allowed = parts_.door.EnterNamespace(caller, name.name_space).and_then([&] {
    return CheckRoom(name.name_space);
  });
  if (!allowed.has_value()) {
    return answer(tl::make_unexpected(allowed.error()));
  }
  Ask(request::Create{*std::move(document)}, name, std::move(answer));
}

void ExperimentsApi::Get(const pb::GetExperimentRequest& request,
                         const Answer<pb::Experiment>& answer) {
  if (!request.without_object()) {
    return answer(Find(request.namespace_(), request.name()));
  }
  answer(parts_.store.FindExperiment(NamespaceOf(request.namespace_()), request.name())
             .map(&ExperimentOf));
}

void ExperimentsApi::List(const pb::ListExperimentsRequest& request, const Caller& caller,
                          const Answer<pb::ListExperimentsResponse>& answer) {
  auto rows = parts_.store.ListExperiments();
  if (!rows.has_value()) {
    return answer(tl::make_unexpected(rows.error()));
  }
  std::erase_if(*rows, [&](const ExperimentRow& row) {
    const bool asked = request.namespace_().empty() || row.name_space == request.namespace_();
    return !asked || !caller.pass.MayEnter(row.name_space);
  });
  const auto begin = PlaceOf(request.page_token(), *rows);
  answer(begin
             .and_then([&](std::size_t place) {
               return PageFrom(place, request.page_size(), rows->size(), {});
             })
             .map([&](const Page& page) {
               pb::ListExperimentsResponse out;
               for (std::size_t i = page.begin; i < page.end; ++i) {
                 *out.add_experiments() = ExperimentOf(rows->at(i));
               }
               out.set_next_page_token(page.next.empty() ? "" : TokenAfter(*rows, page.end));
               return out;
             }));
}

Result<pb::GetEventsResponse> ExperimentsApi::ReadEvents(const pb::GetEventsRequest& request) {
  if (request.after() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "after");
  }
  HONE_ASSIGN_OR_RETURN(const Page page,
                        PageOf(request.page_size(), "", kEventPages.most, kEventPages));
  HONE_ASSIGN_OR_RETURN(
      const ExperimentRow row,
      parts_.store.FindExperiment(NamespaceOf(request.namespace_()), request.name()));
  if (!request.uid().empty() && request.uid() != row.id.text) {
    return Fail(Code::kNotFound, "there is another experiment of this name by now", "uid");
  }
  HONE_ASSIGN_OR_RETURN(const auto events,
                        parts_.store.Read(row.id, static_cast<Version>(request.after()), page.end));
  pb::GetEventsResponse out;
  std::size_t bytes = 0;
  for (const Recorded& recorded : events) {
    *out.add_events() = RecordedEventOf(recorded);
    bytes += out.events().rbegin()->payload().size();
    if (bytes >= kEventBytes) {
      break;
    }
  }
  return out;
}

void ExperimentsApi::Events(const pb::GetEventsRequest& request,
                            const Answer<pb::GetEventsResponse>& answer) {
  answer(ReadEvents(request));
}

void ExperimentsApi::Stop(const pb::StopExperimentRequest& request, Answer<pb::Experiment> answer) {
  const request::Name name{NamespaceOf(request.namespace_()), request.name()};
  const std::string reason = request.reason().empty() ? "asked to stop" : request.reason();
  Ask(request::Stop{name, reason}, name, std::move(answer));
}

void ExperimentsApi::Resume(const pb::ResumeExperimentRequest& request,
                            Answer<pb::Experiment> answer) {
  const request::Name name{NamespaceOf(request.namespace_()), request.name()};
  Ask(request::Resume{name, {}}, name, std::move(answer));
}

void ExperimentsApi::EditBudget(const pb::EditBudgetRequest& request,
                                Answer<pb::Experiment> answer) {
  const request::Name name{NamespaceOf(request.namespace_()), request.name()};
  const event::BudgetEdited edit{
      Given(request.has_parallel_trial_count(), request.parallel_trial_count()),
      Given(request.has_max_trial_count(), request.max_trial_count()),
      Given(request.has_max_failed_trial_count(), request.max_failed_trial_count())};
  if (edit == event::BudgetEdited{}) {
    return answer(Fail(Code::kInvalidArgument,
                       "says no new max_trial_count, parallel_trial_count or "
                       "max_failed_trial_count"));
  }
  Ask(request::Resume{name, edit}, name, std::move(answer));
}

void ExperimentsApi::Delete(const pb::DeleteExperimentRequest& request,
                            Answer<pb::DeleteExperimentResponse> answer) {
  const request::Name name{NamespaceOf(request.namespace_()), request.name()};
  parts_.engine.Handle(
      request::Delete{name}, [answer = std::move(answer)](const Result<std::string>& reply) {
        answer(reply.map([](const std::string&) { return pb::DeleteExperimentResponse(); }));
      });
}

/// The token of a page is the number of the last trial of the one before.
Result<pb::ListTrialsResponse> ExperimentsApi::PageOfTrials(const pb::ListTrialsRequest& request) {
  HONE_ASSIGN_OR_RETURN(const std::size_t count, PageSize(request.page_size(), {}));
  HONE_ASSIGN_OR_RETURN(const std::uint64_t after, TokenNumber(request.page_token()));
  HONE_ASSIGN_OR_RETURN(
      const ExperimentRow row,
      parts_.store.FindExperiment(NamespaceOf(request.namespace_()), request.experiment()));
  const auto from = static_cast<TrialNumber>(
      std::min<std::uint64_t>(after, std::numeric_limits<TrialNumber>::max()));
  HONE_ASSIGN_OR_RETURN(const auto rows, parts_.states.Rows(parts_.store, row.id, from, count + 1));
  pb::ListTrialsResponse out;
  for (std::size_t i = 0; i < std::min(rows.size(), count); ++i) {
    *out.add_trials() = TrialOf(row.id, rows[i]);
  }
  out.set_next_page_token(rows.size() > count ? std::to_string(rows[count - 1].number) : "");
  return out;
}

void ExperimentsApi::ListTrials(const pb::ListTrialsRequest& request,
                                const Answer<pb::ListTrialsResponse>& answer) {
  answer(PageOfTrials(request));
}

Result<pb::Trial> ExperimentsApi::FindTrial(const std::string& name) {
  HONE_ASSIGN_OR_RETURN(const TrialId id, parts_.store.FindTrial(name));
  HONE_ASSIGN_OR_RETURN(const TrialRow row, RowOf(parts_, id));
  return TrialOf(id.experiment, row);
}

void ExperimentsApi::GetTrial(const pb::GetTrialRequest& request, const Answer<pb::Trial>& answer) {
  answer(FindTrial(request.trial()));
}

/// The token of a page is the number of the last row of the one before.
Result<pb::GetMetricsResponse> ExperimentsApi::PageOfMetrics(const pb::GetMetricsRequest& request) {
  HONE_ASSIGN_OR_RETURN(const TrialId id, parts_.store.FindTrial(request.trial()));
  HONE_ASSIGN_OR_RETURN(const std::size_t count, PageSize(request.page_size(), kMetricPages));
  HONE_ASSIGN_OR_RETURN(const std::uint64_t after, TokenNumber(request.page_token()));
  HONE_ASSIGN_OR_RETURN(const auto rows,
                        parts_.store.ReadRecordPage({.trial = id,
                                                     .metric = request.metric(),
                                                     .after = static_cast<std::int64_t>(after),
                                                     .limit = count + 1}));
  pb::GetMetricsResponse out;
  for (std::size_t i = 0; i < std::min(rows.size(), count); ++i) {
    *out.add_values() = MetricOf(rows[i]);
  }
  out.set_next_page_token(rows.size() > count ? std::to_string(rows[count - 1].id) : "");
  return out;
}

void ExperimentsApi::Metrics(const pb::GetMetricsRequest& request,
                             const Answer<pb::GetMetricsResponse>& answer) {
  answer(PageOfMetrics(request));
}

void ExperimentsApi::KillTrial(const pb::KillTrialRequest& request, Answer<pb::Trial> answer) {
  const std::string reason = request.reason().empty() ? "asked to end" : request.reason();
  parts_.engine.Handle(
      request::KillTrial{request.trial(), reason},
      [this, name = request.trial(), answer = std::move(answer)](const Result<std::string>& reply) {
        if (!reply.has_value()) {
          return answer(tl::make_unexpected(reply.error()));
        }
        parts_.readers.Post([this, name, answer] { answer(FindTrial(name)); });
      });
}

void ExperimentsApi::ListAlgorithms(const pb::ListAlgorithmsRequest& /*request*/,
                                    const Answer<pb::ListAlgorithmsResponse>& answer) {
  pb::ListAlgorithmsResponse out;
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    pb::Algorithm& algorithm = *out.add_algorithms();
    algorithm.set_name(info->name);
    algorithm.set_summary(info->summary);
    algorithm.set_source(info->source);
    for (const std::string& word : CapabilityWords(info->supports)) {
      algorithm.add_supports(word);
    }
    for (const SettingSpec& setting : info->settings) {
      *algorithm.add_settings() = SettingOf(setting);
    }
  }
  answer(std::move(out));
}

}  // namespace hone::daemon
