// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/door.h"

#include "api/server/daemon/experiments_api.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

constexpr std::size_t kMostKnown = 10'000;

std::string Quoted(std::string_view text) {
  return "'" + Printable(text, 100) + "'";
}

}  // namespace

auth::Admission<Caller> Door::Admit(const auth::Call& call) {
  return gate_.Admit(call).map([&](auth::Pass&& pass) {
    return Caller{std::string(call.method), std::string(call.peer), std::move(pass)};
  });
}

Status Door::EnterNamespace(const Caller& caller, const std::string& name_space) {
  if (caller.pass.MayEnter(name_space)) {
    return {};
  }
  const auth::Refusal refusal =
      gate_.Forbid({caller.method, {}, caller.peer}, caller.pass,
                   "the token is not for the namespace " + Quoted(name_space));
  return Fail(Code::kPermissionDenied, refusal.message);
}

std::optional<auth::Refusal> Door::Check(const Caller& caller, const Subject& subject) {
  const auto forbid = [&](std::string why) {
    return gate_.Forbid({caller.method, {}, caller.peer}, caller.pass, std::move(why));
  };
  const auth::Pass& pass = caller.pass;
  if (!pass.trial.empty()) {
    if (subject.trial == pass.trial) {
      return std::nullopt;
    }
    return forbid("the token is of the trial " + Quoted(pass.trial) + ", not of " +
                  Quoted(subject.trial.value_or("")));
  }
  if (subject.trial && !pass.MayEnter(NamespaceOfTrial(*subject.trial))) {
    // The same for a trial that is not there: who may not look cannot tell.
    return forbid("the token is not for the namespace of the trial " + Quoted(*subject.trial));
  }
  const std::string name_space = NamespaceOf(subject.name_space.value_or(""));
  if (subject.name_space && !pass.MayEnter(name_space)) {
    return forbid("the token is not for the namespace " + Quoted(name_space));
  }
  return std::nullopt;
}

std::string Door::NamespaceOfTrial(const std::string& trial) {
  const auto id = store_.FindTrial(trial);
  if (!id) {
    return "";
  }
  auto known = namespaces_.WithLock([&](const auto& all) {
    const auto found = all.find(id->experiment);
    return found == all.end() ? std::string() : found->second;
  });
  const auto rows = known.empty() ? store_.ListExperiments() : std::vector<ExperimentRow>();
  if (!known.empty() || !rows) {
    return known;
  }
  return namespaces_.WithLock([&](auto& all) {
    if (all.size() + rows->size() > kMostKnown) {
      all.clear();
    }
    std::string name_space;
    for (const ExperimentRow& row : *rows) {
      all[row.id] = row.name_space;
      name_space = row.id == id->experiment ? row.name_space : name_space;
    }
    return name_space;
  });
}

void Door::AddTokens(const Caller& caller, pb::AskResponse& answer) {
  for (pb::GivenTrial& trial : *answer.mutable_trials()) {
    trial.set_token(gate_.TrialTokenFor(caller.pass, trial.trial()));
  }
}

int GrpcCodeOf(const auth::Refusal& refusal) {
  switch (refusal.kind) {
    case auth::Refusal::Kind::kUnauthenticated:
      return static_cast<int>(Code::kUnauthenticated);
    case auth::Refusal::Kind::kForbidden:
      return static_cast<int>(Code::kPermissionDenied);
    case auth::Refusal::Kind::kExhausted:
      return static_cast<int>(Code::kResourceExhausted);
    case auth::Refusal::Kind::kUnavailable:
      return static_cast<int>(Code::kUnavailable);
  }
  return static_cast<int>(Code::kUnauthenticated);
}

CallCheck CheckBy(auth::Gate& gate) {
  return [&gate](const IncomingCall& call) -> std::optional<CallRefusal> {
    const auto pass = gate.Admit({call.method, call.authorization, call.peer});
    if (pass) {
      return std::nullopt;
    }
    return CallRefusal{GrpcCodeOf(pass.error()), pass.error().message};
  };
}

}  // namespace hone::daemon
