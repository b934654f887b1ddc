// SPDX-License-Identifier: Apache-2.0
// The controller: the shell round the core.
//
// A turn: take what has arrived; hand each event with the time to the event manager; append the
// rows that it changed to the journal; when the batch is on disk, carry out its actions and send
// its replies. Nothing leaves before that. Questions are answered from memory at once, or from the
// history on a thread of its own.
//
// When the journal fails (disk full), what was not committed is undone by rebuilding the core from
// the journal, as after a restart; its senders are told that nothing was recorded; new work is
// refused until a write succeeds again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "controller/files.h"
#include "controller/spool_options.h"
#include "net/endpoint.h"
#include "sched/policy.h"

struct uv_loop_s;

namespace jobq::controller {

struct Options {
  std::string state;   // directory; made (0700) where it is missing
  std::string socket;  // Unix socket for local users; its directory is made where missing
  std::uint32_t socket_mode = 0666;
  std::optional<net::TcpAddress> listen;  // for nodes and remote users
  std::string key;  // cluster key file; empty: STATE/cluster.key, made at the first start
  std::vector<std::string> operators;
  std::vector<Area> areas;
  SpoolOptions spool;
  Millis node_timeout = seconds(15);
  Millis lease = seconds(60);  // of nodes that come over TCP
  Millis keep_jobs = seconds(30 * 86400);
  std::size_t max_connections = 4096;
  Bytes flight_recorder{256U << 20U};  // space for recordings; 0: none are made
  sched::Policy policy;
};

class Controller {
 public:
  // Recovers from the journal, listens, and serves on the loop from then on.
  static Result<std::unique_ptr<Controller>> start(uv_loop_s* loop, Options options);
  // Call stop() first and let the loop run until it has called back.
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // What was bound, with the port that was free where 0 was asked for.
  std::optional<net::TcpAddress> tcp_address() const;

  // False: the oldest rows that the journal was given have been without an answer, good or bad, for
  // longer than this, and no others were answered meanwhile.
  bool journal_answers(Millis within) const;

  // Stops listening, waits for the journal, sends what is committed, closes; then calls `stopped`.
  void stop(std::function<void()> stopped);

 private:
  struct Impl;
  explicit Controller(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::controller
