// SPDX-License-Identifier: Apache-2.0
// Users of this machine: names, homes and groups, as the name service knows them.
//
// It may be slow, and steps come in thousands: an answer is good for a minute.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace jobq::exec {

inline constexpr const char* kUserPath = "/usr/local/bin:/usr/bin:/bin";  // of who is not root

struct User {
  std::string name;
  std::string home;
  std::string shell;
  std::vector<gid_t> groups;  // with the primary one first
};

class Users {
 public:
  // A user that nobody knows has the number as name, "/" as home, and its group alone.
  const User& find(uid_t uid, gid_t gid);

 private:
  struct Known {
    User user;
    std::int64_t at_ns = 0;
  };
  std::map<std::pair<uid_t, gid_t>, Known> known_;
};

}  // namespace jobq::exec
