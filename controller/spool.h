// SPDX-License-Identifier: Apache-2.0
// The spool directory: a ticket file that is moved into it is submitted as its owner.
//
// It goes the road of every other submission: the core checks it, and a file is moved to accepted/
// only when its jobs are on disk. Its request key (controller/spool_folder.h) makes that one job
// for each ticket, whatever dies meanwhile. Where the controller cannot record anything, files
// wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "controller/loop_handles.h"
#include "controller/peers.h"
#include "controller/requests.h"
#include "controller/spool_options.h"
#include "controller/spool_worker.h"

namespace jobq::controller {

class Spool {
 public:
  // `keys_last`: how long the core remembers the key of a request.
  static Result<std::unique_ptr<Spool>> start(uv_loop_s* loop, const SpoolOptions& options,
                                              Millis keys_last, Peers& peers, Requests& requests);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Submits nothing more; answers are still taken.
  void stop() { stopping_ = true; }

 private:
  Spool(Peers& peers, Requests& requests) : peers_(peers), requests_(requests) {}
  void begin(uv_loop_s* loop, SpoolFolder folder, SpoolWorker::Settings settings);
  void seen(std::vector<SpoolWatch::Sighting> names);
  void hand_over();
  void submit(SpoolRequest request);

  Peers& peers_;
  Requests& requests_;
  bool stopping_ = false;
  std::optional<SpoolWatch> watch_;
  std::vector<SpoolWatch::Sighting> fresh_;    // seen since the last look at the clock
  std::vector<SpoolWatch::Sighting> settled_;  // seen before that
  std::unique_ptr<Timer> settle_;              // runs while there are any
  std::unique_ptr<SpoolWorker> worker_;
  std::unique_ptr<Timer> timer_;
};

// From the answer of the core: what becomes of a file with tickets at these lines.
SpoolEnd spool_end(const SpoolClaim& claim, const std::vector<std::uint32_t>& lines,
                   const sched::Reply& reply);

}  // namespace jobq::controller
