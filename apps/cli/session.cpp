// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/session.h"

#include <utility>

#include "apps/cli/follower.h"
#include "apps/cli/open_store.h"
#include "base/text.h"
#include "controller/read_state.h"

namespace hone::cli {
namespace {

constexpr std::size_t kExperimentsToSuggestFrom = 20;

std::string DidYouMean(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view nearest = Nearest(word, views);
  return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace

Result<Session> Session::Open(const Config& config) {
  std::error_code unreadable;
  const bool is_file = config.store_url.empty() && config.server.empty();
  if (is_file && !std::filesystem::exists(config.DataFile(), unreadable)) {
    if (unreadable) {
      return Fail(Code::kUnavailable, "the data folder " + config.data_dir.string() +
                                          " cannot be read: " + unreadable.message());
    }
    return Session(config, nullptr);
  }
  auto store = OpenStore(config, StoreAccess::kGuest);
  if (!store.has_value() && store.error().code != Code::kNotFound) {
    return tl::make_unexpected(store.error());
  }
  return Session(config, store.has_value() ? std::move(*store) : nullptr);  // nullptr: empty
}

Session::Session(Config config, std::unique_ptr<Store> store)
    : config_(std::move(config)), store_(std::move(store)) {}

Result<std::vector<ExperimentRow>> Session::List() const {
  if (store_ == nullptr) {
    return std::vector<ExperimentRow>();
  }
  return store_->ListExperiments();
}

Result<ExperimentRow> Session::Find(const std::string& name) const {
  if (store_ != nullptr) {
    auto row = store_->FindExperiment(config_.name_space, name);
    if (row.has_value() || row.error().code != Code::kNotFound) {
      return row;
    }
  }
  std::string message = "there is no experiment '" + Printable(name, 100) + "'";
  if (config_.name_space != "default") {
    message += " in namespace '" + Printable(config_.name_space, 100) + "'";
  }
  message += " in " + config_.Place();
  std::vector<std::string> names;
  HONE_ASSIGN_OR_RETURN(const auto rows, List());
  for (const ExperimentRow& row : rows) {
    if (row.name_space == config_.name_space) {
      names.push_back(row.name);
    }
  }
  return Fail(Code::kNotFound, message + DidYouMean(name, names));
}

Result<ExperimentState> Session::Load(const std::string& name) const {
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row, Find(name));
  return Load(row.id);
}

Result<ExperimentState> Session::Load(const ExperimentId& id) const {
  Follower follower(*store_, id);
  HONE_RETURN_IF_ERROR(follower.CatchUp({}));
  if (follower.state().spec == nullptr) {
    return Fail(Code::kDataLoss, "the ledger of experiment " + id.text + " is empty");
  }
  return std::move(follower).TakeState();
}

Result<std::vector<Recorded>> Session::ReadLedger(const ExperimentId& id) const {
  return hone::ReadLedger(*store_, id);
}

Result<LocatedTrial> Session::FindTrial(const std::string& trial_name) const {
  if (store_ == nullptr) {
    return NoTrial(trial_name);
  }
  const auto id = store_->FindTrial(trial_name);
  if (!id.has_value()) {
    return id.error().code == Code::kNotFound ? NoTrial(trial_name)
                                              : tl::make_unexpected(id.error());
  }
  HONE_ASSIGN_OR_RETURN(auto state, Load(id->experiment));
  if (state.Find(id->number) == nullptr) {
    return NoTrial(trial_name);
  }
  return LocatedTrial{std::move(state), id->number};
}

Result<LocatedTrial> Session::NoTrial(const std::string& trial_name) const {
  HONE_ASSIGN_OR_RETURN(const auto rows, List());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size() && i < kExperimentsToSuggestFrom; ++i) {
    HONE_ASSIGN_OR_RETURN(const auto trials, store_->ListTrials(rows[i].id));
    for (const TrialRow& trial : trials) {
      names.push_back(trial.name);
    }
  }
  return Fail(Code::kNotFound, "there is no trial '" + Printable(trial_name, 100) + "' in " +
                                   config_.Place() + DidYouMean(trial_name, names));
}

bool Session::HasTrial(const std::string& trial_name) const {
  return store_ != nullptr && store_->FindTrial(trial_name).has_value();
}

}  // namespace hone::cli
