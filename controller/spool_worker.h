// SPDX-License-Identifier: Apache-2.0
// The thread that does for the spool what waits for a disk: looking, taking, reading, and moving
// files to where they end. The loop is given tickets, and gives their ends.
//
// Files are taken in batches, each synced before one of it is submitted, and no more are taken than
// the loop has answered, but for a few: a thousand files that come at once wait here. While some
// have to be tried again because the controller records nothing, no others are taken.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "controller/loop_handles.h"
#include "controller/spool_file.h"
#include "controller/spool_folder.h"
#include "controller/spool_watch.h"

namespace jobq::controller {

// A file that can be submitted.
struct SpoolRequest {
  SpoolClaim claim;
  SpoolFile file;  // whose it is; the text is gone
  std::vector<SpoolTicket> tickets;
};

// What became of it.
struct SpoolEnd {
  enum class What : std::uint8_t { kAccepted, kRejected, kLater };
  SpoolClaim claim;
  What what = What::kLater;
  std::string label;  // kAccepted: what is put before its name
  std::string why;    // kRejected; kAccepted: about the tickets that were not
};

class SpoolWorker {
 public:
  struct Settings {
    SpoolReader reader;
    Millis keep;            // files in accepted/ and rejected/
    Millis claim_good_for;  // a claim that is older may be one that was submitted
  };
  // Begins with what was taken before and what lies there. `deliver` is called on the loop.
  SpoolWorker(uv_loop_s* loop, SpoolFolder folder, Settings settings,
              std::function<void(SpoolRequest)> deliver);
  ~SpoolWorker();  // carries out the ends that it was given; the rest is found at the next start
  SpoolWorker(const SpoolWorker&) = delete;
  SpoolWorker& operator=(const SpoolWorker&) = delete;

  void see(std::vector<SpoolWatch::Sighting> seen);
  void scan();
  void end(SpoolEnd end);  // once for each that was delivered
  void tick();             // every kTick: what could not be done is tried again
  static constexpr Millis kTick = seconds(5);

 private:
  struct Todo {
    bool stop = false;
    bool tick = false;
    bool scan = false;
    std::vector<SpoolEnd> ends;
    std::vector<SpoolClaim> claims;
    std::vector<SpoolWatch::Sighting> seen;
  };
  void serve();
  Todo next();
  void carry_out(const SpoolEnd& end);
  Result<void> settle(const SpoolEnd& end);
  void try_again();
  void look_round();
  void look_at(const std::vector<SpoolWatch::Sighting>& seen);
  void take_or_refuse(const SpoolWatch::Sighting& one, std::vector<SpoolClaim>& claims);
  void prepare(const SpoolClaim& claim);
  Result<SpoolRequest> read(const SpoolClaim& claim);
  void complain_once(const std::string& name, const std::string& what);
  void deliver();

  // Of the thread.
  SpoolFolder folder_;
  Settings settings_;
  std::vector<SpoolEnd> stuck_;       // ends that could not be carried out
  std::vector<SpoolClaim> put_off_;   // to be submitted again
  std::set<std::string> complained_;  // names that were spoken of
  bool some_young_ = false;
  std::uint64_t ticks_ = 0;

  std::function<void(SpoolRequest)> deliver_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool stopping_ = false;
  bool tick_ = false;
  bool scan_ = true;
  bool holds_back_ = false;  // no new files for now
  std::size_t open_ = 0;     // delivered, and without an end
  std::vector<SpoolEnd> ends_;
  std::deque<SpoolClaim> claims_;
  std::deque<SpoolWatch::Sighting> seen_;
  std::vector<SpoolRequest> prepared_;
  Waker waker_;
  std::thread thread_;
};

}  // namespace jobq::controller
