// SPDX-License-Identifier: Apache-2.0
// Requests about experiments that another controller drives: given to it through the store.
#include "controller/callback.h"
#include "controller/engine.h"

namespace hone {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(200);

/// The experiment that a request is about.
struct Finder {
  Store& store;

  Result<ExperimentId> operator()(const request::Create& /*r*/) const { return Nobodys(); }
  Result<ExperimentId> operator()(const request::Resume& r) const { return Named(r.experiment); }
  Result<ExperimentId> operator()(const request::Stop& r) const { return Named(r.experiment); }
  Result<ExperimentId> operator()(const request::Delete& r) const { return Named(r.experiment); }
  Result<ExperimentId> operator()(const request::KillTrial& r) const {
    return store.FindTrial(r.trial).map([](const TrialId& id) { return id.experiment; });
  }
  Result<ExperimentId> operator()(const request::Gone& r) const {
    return ExperimentId{r.experiment};
  }

  [[nodiscard]] Result<ExperimentId> Named(const request::Name& name) const {
    return store.FindExperiment(name.name_space, name.name).map(&ExperimentRow::id);
  }
  static Result<ExperimentId> Nobodys() {
    return Fail(Code::kUnavailable, "this controller was replaced while it worked; ask again");
  }
};

struct Owned {
  ExperimentId id;
  OwnerInfo owner;
  std::int64_t posted = 0;  ///< 0: there is no other owner
};

Result<Owned> FindOwned(Store& store, const EngineRequest& request) {
  HONE_ASSIGN_OR_RETURN(const ExperimentId id, std::visit(Finder{store}, request));
  HONE_ASSIGN_OR_RETURN(const OwnerInfo owner, store.OwnerOf(id));
  return Owned{id, owner, 0};
}

struct Posted {
  std::optional<Result<std::string>> answer;
  bool same_owner = false;
  bool deleted = false;
};

Result<Posted> LookAt(Store& store, std::int64_t id, const ExperimentId& experiment,
                      const OwnerInfo& owner) {
  const auto now = store.OwnerOf(experiment);
  HONE_ASSIGN_OR_RETURN(const Request request, store.GetRequest(id));  // after the owner
  Posted posted;
  posted.same_owner = now.has_value() && now->alive && now->epoch == owner.epoch;
  posted.deleted = !now.has_value() && now.error().code == Code::kNotFound;
  if (request.answered) {
    posted.answer = DecodeReply(request.reply);
  }
  return posted;
}

}  // namespace

void Engine::PassOn(const EngineRequest& request, const Error& why, const Reply& reply) {
  const auto post = [this, request]() -> Result<Owned> {
    HONE_ASSIGN_OR_RETURN(Owned owned, FindOwned(ports_.store, request));
    if (!IsOther(owned.owner)) {
      return owned;
    }
    const auto [kind, payload] = EncodeRequest(request);
    HONE_ASSIGN_OR_RETURN(owned.posted,
                          ports_.store.PostRequest(kind + "@" + owned.owner.name, payload));
    return owned;
  };
  Blocking(post, [this, why, reply](const Result<Owned>& owned) {
    if (!owned.has_value()) {
      return reply(tl::make_unexpected(owned.error()));
    }
    if (owned->posted == 0) {
      return reply(Fail(Code::kUnavailable,
                        "the experiment is changing hands (" + why.message + "); ask again"));
    }
    AwaitAnswer(owned->posted, owned->id, owned->owner, reply);
  });
}

/// Waits as long as that controller lives: it is the one that knows how long a stop takes.
void Engine::AwaitAnswer(std::int64_t posted, const ExperimentId& id, const OwnerInfo& owner,
                         const Reply& reply) {
  const auto on_look = [this, posted, id, owner, reply](const Result<Posted>& found) {
    if (!found.has_value()) {
      return reply(tl::make_unexpected(found.error()));
    }
    if (found->answer) {
      return reply(*found->answer);
    }
    if (found->deleted) {
      return reply(id.text);  // the answer may have been under way
    }
    if (!found->same_owner) {
      return reply(Fail(Code::kUnavailable, "the controller that drives the experiment, " +
                                                owner.name +
                                                ", ended before it answered; ask again"));
    }
    After(kLookEvery,
          [posted, id, owner, reply](Engine& self) { self.AwaitAnswer(posted, id, owner, reply); });
  };
  Blocking([this, posted, id, owner] { return LookAt(ports_.store, posted, id, owner); }, on_look);
}

}  // namespace hone
