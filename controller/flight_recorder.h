// SPDX-License-Identifier: Apache-2.0
// The flight recorder: everything that the core is given, so that each of its decisions can be seen
// again (see docs/flight-recorder.md and `jq admin replay`).
//
// A recording begins where the core is restored. What it was restored from is written by a thread
// of its own; events are encoded in their turn and written when their batch is durable, by the
// journal's thread (write() may be called from there), without a sync. All recordings together stay
// within a limit: the oldest go first, one that reaches it alone ends there, and one whose
// beginning is too large for it is removed. A disk that fails ends the recording and nothing else.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "controller/turn.h"
#include "net/flight.pb.h"
#include "store/journal.h"

namespace jobq::controller {

class FlightRecorder final : public TurnWitness {
 public:
  struct Options {
    std::string state;  // recordings are in STATE/flight
    Bytes limit;        // of all recordings together
    store::SpecCodec codec;
  };

  explicit FlightRecorder(Options options);
  ~FlightRecorder() override;  // writes what is left
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  void restored(std::vector<sched::Row> from, Time at, const sched::Policy& policy,
                std::span<const sched::Action> actions,
                std::span<const sched::Row> changed) override;
  void lost() override;
  void given(const sched::Event& event, Time at) override;
  void decided(std::span<const sched::Action> actions) override;
  void turned(std::span<const sched::Row> changed) override;

  // What was recorded since the last call, and where it goes.
  class File;
  struct Piece {
    std::shared_ptr<File> file;
    std::string bytes;
  };
  Piece take();
  std::size_t pending() const { return pending_.size(); }  // bytes that take() would give
  // On any thread, in the order of the pieces, also when the recorder is gone.
  static void write(const Piece& piece);

 private:
  void open(std::vector<sched::Row> from);
  Bytes make_room() const;
  void save_when_idle(File& events, const std::string& recording,
                      const std::vector<sched::Row>& rows, std::uint64_t room) const;

  Options options_;
  std::shared_ptr<File> file_;  // none: nothing is recorded
  std::string pending_;
  wire::FlightRecord record_;  // of the event that the core is at
  bool is_recording_ = false;  // the event that the core is at
  bool turn_is_open_ = false;
  std::thread rows_writer_;
  std::atomic<bool> given_up_{false};  // what the thread writes
};

}  // namespace jobq::controller
