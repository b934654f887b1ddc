// SPDX-License-Identifier: Apache-2.0
// The way to files at a place: the machine's own at once, all others through the controller, which
// a step reaches through its node's agent.
//
// Every order may be sent again. While a connection cannot be had, or the other place is away, a
// road tries again with growing pauses, until its patience with one order is over.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "cmd/client.h"
#include "cmd/file_place.h"
#include "exec/file_work.h"
#include "net/client.h"
#include "net/files.pb.h"

namespace jobq::cmd {

// What the threads of a copy share with the one that speaks to the user.
struct CopyBoard {
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> bytes = 0;    // that are at their place
  std::atomic<std::uint64_t> resumed = 0;  // of those: from an earlier try
  std::atomic<std::uint64_t> cuts = 0;     // how often a connection was made anew

  void say(std::string trouble);
  std::optional<std::string> take_trouble();  // that was not told yet

 private:
  std::mutex mutex_;
  std::string trouble_;
  bool is_told_ = true;
};

struct RoadOptions {
  ControllerOptions where;
  Millis patience = seconds(600);
};

// Where a place is, looked up.
struct FileSite {
  FilePlace place;
  bool is_local = false;
  std::string root;  // of an area that is here
  std::uint64_t quota = 0;
  std::string label() const;  // before a path in messages: "n2:", "area:results/"
};

class FileRoad {
 public:
  FileRoad(const RoadOptions& options, CopyBoard& board);

  Result<FileSite> find(const FilePlace& place);
  // The errors of a place that is elsewhere name it.
  Result<wire::FileReply> ask(const FileSite& site, wire::FileOrder order);

 private:
  Result<wire::FileReply> ask_patiently(const wire::FileRequest& request);
  Result<wire::FileReply> ask_once(const wire::FileRequest& request);

  const RoadOptions& options_;
  CopyBoard& board_;
  exec::FileShare share_;
  std::optional<Client> client_;
  bool was_connected_ = false;
};

}  // namespace jobq::cmd
