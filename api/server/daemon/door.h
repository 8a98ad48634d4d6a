// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/proto/call_check.h"
#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/auth/gate.h"
#include "base/guarded.h"
#include "store/store.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// Who calls what, after the door.
struct Caller {
  std::string method;
  std::string peer;
  auth::Pass pass;
};

/// What a request is about, as far as it says so.
struct Subject {
  std::optional<std::string> name_space;
  std::optional<std::string> trial;
};

/// The one place where calls of hone.v1, over gRPC and HTTP, are let in: Admit looks at the token
/// before the request is read, Enter at what the request is about.
/// @threads  safe
class Door {
 public:
  Door(auth::Gate& gate, Store& store) : gate_(gate), store_(store) {}

  auth::Admission<Caller> Admit(const auth::Call& call);
  /// May block on the store. @returns nothing: go on
  template <class Request>
  std::optional<auth::Refusal> Enter(const Caller& caller, const Request& request) {
    if (caller.pass.IsEverywhere()) {
      return std::nullopt;
    }
    auto refusal = Check(caller, SubjectOf(request));
    if constexpr (requires { request.has_next(); }) {  // a question comes along
      if (!refusal && request.has_next()) {
        refusal = Enter(caller, request.next());
      }
    }
    return refusal;
  }
  /// For what a request turns out to be about. @errors kPermissionDenied, logged
  Status EnterNamespace(const Caller& caller, const std::string& name_space);
  /// Adds to trials that are given away what their workers may show.
  void AddTokens(const Caller& caller, pb::AskResponse& answer);
  void AddTokens(const Caller& caller, pb::TellResponse& answer) {
    if (answer.has_next()) {
      AddTokens(caller, *answer.mutable_next());
    }
  }

  /// Whether callers must show a token by now.
  [[nodiscard]] bool AsksForTokens() const { return gate_.Asks(); }

  bool OpenStream(const Caller& caller) { return gate_.OpenStream(caller.pass); }
  void CloseStream(const Caller& caller) { gate_.CloseStream(caller.pass); }
  bool StillGood(const Caller& caller) { return gate_.StillGood(caller.pass); }

 private:
  /// Lists and watches without a namespace or name show what the caller may see; documents tell
  /// their namespace once they are read.
  template <class Request>
  static Subject SubjectOf(const Request& request) {
    Subject subject;
    if constexpr (requires { request.trial(); }) {
      subject.trial = request.trial();
    } else if constexpr (requires { request.namespace_(); }) {
      subject.name_space = request.namespace_();
      const bool of_all = request.namespace_().empty() && IsOfAll(request);
      return of_all ? Subject() : subject;
    }
    return subject;
  }
  static bool IsOfAll(const pb::ListExperimentsRequest& /*request*/) { return true; }
  static bool IsOfAll(const pb::WatchRequest& request) { return request.name().empty(); }
  template <class Request>
  static bool IsOfAll(const Request& /*request*/) {
    return false;
  }

  std::optional<auth::Refusal> Check(const Caller& caller, const Subject& subject);
  /// Empty: there is no such trial.
  std::string NamespaceOfTrial(const std::string& trial);

  auth::Gate& gate_;
  Store& store_;
  Guarded<std::map<ExperimentId, std::string>> namespaces_;  // an experiment never moves
};

/// gRPC's number of a refusal.
int GrpcCodeOf(const auth::Refusal& refusal);
/// For Katib's services, whose requests tell no namespace. @param gate  outlives it
CallCheck CheckBy(auth::Gate& gate);

}  // namespace hone::daemon
