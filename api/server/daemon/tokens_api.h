// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// The calls of hone.v1.Tokens, over the file that `hone token` works on.
/// @threads  safe; a call writes a small file, so it belongs on Parts::readers
class TokensApi {
 public:
  explicit TokensApi(const Parts& parts) : parts_(parts) {}

  /// @errors kFailedPrecondition: nobody is asked for tokens, so nobody could be told from a
  ///         stranger; the first one is made beside the daemon
  void Create(const pb::CreateTokenRequest& request, const Answer<pb::CreateTokenResponse>& answer);
  void List(const pb::ListTokensRequest& request, const Answer<pb::ListTokensResponse>& answer);
  void Revoke(const pb::RevokeTokenRequest& request, const Answer<pb::Token>& answer);

 private:
  Result<pb::CreateTokenResponse> CreateNow(const pb::CreateTokenRequest& request);
  Result<pb::Token> RevokeNow(const pb::RevokeTokenRequest& request);

  Parts parts_;
  std::mutex changing_;  // the file's own lock is between processes
};

}  // namespace hone::daemon
