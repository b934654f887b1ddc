// SPDX-License-Identifier: Apache-2.0
// Carrying out file orders: on a node for whoever asks over the network, and in a copier for what
// lies on its own machine.
#pragma once

#include <atomic>
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

// Orders that take long: a few at a time, so that the others have threads left.
class LongWork {
 public:
  class Place {
   public:
    Place(LongWork& of, bool is_long);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool is_there() const { return is_there_; }

   private:
    LongWork& of_;
    bool is_long_;
    bool is_there_ = true;
  };
  void stop() { is_stopped_ = true; }  // what is under way ends soon, and is refused
  bool is_stopped() const { return is_stopped_; }

 private:
  std::atomic<int> count_ = 0;
  std::atomic<bool> is_stopped_ = false;
};

// What orders share that are carried out side by side.
struct FileShare {
  AreaUsage usage;
  LongWork long_work;
};

struct FileUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// With the rights of the user where this process is root, else with its own. Blocks as long as the
// file system does; safe on any thread.
Result<wire::FileReply> carry_out(const wire::FileOrder& order, const FileUser& user,
                                  FileShare& share);

}  // namespace jobq::exec
