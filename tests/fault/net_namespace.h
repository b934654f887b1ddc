// SPDX-License-Identifier: Apache-2.0
// Networks of a test's own: nothing of the machine's is touched, and they need no cleaning up.
//
// They have no names: each lives as long as a process is in it or a file of it is open, and an end
// of a link as long as whoever made it. So nothing is left however the test ends.
#pragma once

#include <cstdint>
#include <string>

namespace jobq::fault {

// Why this process cannot make them, or links between them; empty where it can.
std::string why_no_namespaces();

// A new one; all that it has is the loopback device.
class NetNamespace {
 public:
  NetNamespace();
  ~NetNamespace();
  NetNamespace(const NetNamespace&) = delete;
  NetNamespace& operator=(const NetNamespace&) = delete;

  int file() const { return file_; }

 private:
  int file_ = -1;
};

// As long as it lives, this thread is in there; so are the threads and processes that it starts.
class Inside {
 public:
  explicit Inside(const NetNamespace& space);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int before_ = -1;
};

// Makes the end of a link in this thread's namespace: a point-to-point device with the two
// addresses. What is sent to `there` is read from the file, what is written into it arrives `here`,
// a packet at a time; with the file the device goes.
int open_end(const std::string& here, const std::string& there);

}  // namespace jobq::fault
