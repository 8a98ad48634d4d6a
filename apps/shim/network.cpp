// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "trial-runner/local/attempt_files.h"

namespace hone::shim {
namespace {

namespace files = attempt_files;

constexpr char kOfThisProcess[] = "/proc/self/ns/net";

bool LoopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  ifreq request = {};
  std::strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
  request.ifr_flags = IFF_UP;
  const bool up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  return up;
}

}  // namespace

int MakeNetwork() {
  const int home = open(kOfThisProcess, O_RDONLY | O_CLOEXEC);
  if (home < 0 || unshare(CLONE_NEWNET) != 0) {
    return -1;
  }
  int own = LoopbackUp() ? open(kOfThisProcess, O_RDONLY | O_CLOEXEC) : -1;
  int error = errno;
  if (setns(home, CLONE_NEWNET) != 0) {
    error = errno;
    own = -1;  // the shim ends with its attempt, and the descriptor with it
  }
  close(home);
  errno = error;
  return own;
}

bool EnterNetwork(const Replica& replica) {
  if (replica.network_fd < 0) {
    return true;
  }
  if (replica.collector) {
    return setns(replica.network_fd, CLONE_NEWNET) == 0;
  }
  static char place[64];  // until exec
  std::snprintf(place, sizeof(place), "%s/proc/%d/fd/%d", files::kOwnNetwork, getppid(),
                replica.network_fd);
  for (char** argument = replica.argv; *argument != nullptr; ++argument) {
    *argument = std::strcmp(*argument, files::kOwnNetwork) == 0 ? place : *argument;
  }
  return true;
}

}  // namespace hone::shim
