// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

/// For raw methods. gRPC's typed ones answer what is no message with UNIMPLEMENTED, which Katib's
/// controller takes for "there is nothing to ask here".
namespace hone {

/// @returns null if the bytes are no such message; shared with the task that answers. Its parts lie
/// together in an arena: a Katib request has some twenty for each trial.
template <class Message>
std::shared_ptr<Message> ParseMessage(grpc::ByteBuffer bytes) {
  const auto arena = std::make_shared<google::protobuf::Arena>();  // lives as long as the message
  auto* const message = google::protobuf::Arena::CreateMessage<Message>(arena.get());
  const bool parsed = grpc::SerializationTraits<Message>::Deserialize(&bytes, message).ok();
  return parsed ? std::shared_ptr<Message>(arena, message) : nullptr;
}

template <class Message>
grpc::Status SerializeMessage(const Message& message, grpc::ByteBuffer& bytes) {
  bool own = false;  // gRPC wants to tell who frees the buffer
  return grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own);
}

inline grpc::ServerUnaryReactor* RefuseBytes(grpc::CallbackServerContext& context) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "the request is no such message"});
  return reactor;
}

}  // namespace hone
