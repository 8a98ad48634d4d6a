// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "base/executor.h"

namespace hone {

/// Calls `body(owner, arguments...)` if the owner still lives.
template <class Owner, class Body, class Arguments>
void CallIfAlive(const std::weak_ptr<Owner>& owner, const Body& body, const Arguments& arguments) {
  if (const auto self = owner.lock()) {
    std::apply([&](const auto&... each) { body(*self, each...); }, arguments);
  }
}

/// A callback for adapters: whatever thread it is called on, `body(owner, arguments...)` runs on
/// the strand, and only if the owner still lives then.
template <class Owner, class Body>
auto OnStrand(std::shared_ptr<Executor> strand, std::weak_ptr<Owner> owner, Body body) {
  return [strand = std::move(strand), owner = std::move(owner),
          body = std::move(body)](auto... arguments) {
    strand->Post([owner, body, arguments = std::make_tuple(std::move(arguments)...)] {
      CallIfAlive(owner, body, arguments);
    });
  };
}

}  // namespace hone
