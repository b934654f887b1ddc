// SPDX-License-Identifier: Apache-2.0
// Carrying out file orders: on a node for whoever asks over the network, and in a copier for what
// lies on its own machine.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/files.pb.h"

namespace jobq::exec {

// What lies in storage areas, in bytes. Counting takes as long as there are files, so a count is
// good for some seconds, with what has begun since.
class AreaUsage {
 public:
  // Room for so many more bytes: kRefused with the figures where there is none. Counts with the
  // rights of the process.
  Result<void> take(const std::string& root, std::uint64_t quota, std::uint64_t bytes);

 private:
  struct Count {
    std::uint64_t bytes = 0;
    std::int64_t at_ns = 0;
  };
  std::mutex mutex_;  // orders are carried out on several threads
  std::map<std::string, Count> counts_;
};

struct FileUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// With the rights of the user where this process is root, else with its own. Blocks as long as the
// file system does; safe on any thread.
Result<wire::FileReply> carry_out(const wire::FileOrder& order, const FileUser& user,
                                  AreaUsage& usage);

}  // namespace jobq::exec
