// SPDX-License-Identifier: Apache-2.0
// Making the state directory.
#include "exec/state.h"

#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include "exec/files.h"

namespace jobq::exec {

Result<void> make_state(const std::string& state) {
  constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (const std::string longest = keeper_socket(state); longest.size() > kMost) {
    return fail(ErrorCode::kUsage,
                fmt::format("the state directory {} is too long a name: {} has {} bytes, and a "
                            "socket's path has at most {}; choose a shorter one",
                            state, longest, longest.size(), kMost));
  }
  // Root's steps belong to other users, who pass through it on the way to the socket and to their
  // scripts; what is private inside is private by itself.
  const unsigned mode = geteuid() == 0 ? 0711 : 0700;
  return make_directories(state, mode);
}

}  // namespace jobq::exec
