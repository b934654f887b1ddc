// SPDX-License-Identifier: Apache-2.0
// Sending tickets: many in one request, several requests under way, results in the order of the
// tickets.
//
// Each request has a random key. When the connection breaks before the answer came, the same
// request is sent again with the same key, and the controller answers as it did, or does it then: a
// ticket becomes one job, whatever breaks.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/client_places.h"
#include "net/jobq.pb.h"
#include "sched/spec.h"

namespace jobq::cmd {

// For a request that may be sent again: no other one has the same.
std::string random_key();

// What became of one ticket. With dry_run, `job` is 0 also where it would be accepted, unless it
// was submitted before under its key.
struct Submitted {
  std::uint32_t line = 0;  // of the stream; 0: there is none
  JobNumber job;
  std::optional<Error> refused;
  std::optional<Time> expected_start = {};  // with dry_run, as far as is known
  bool is_estimate = false;                 // it rests on estimates, not on time limits alone
  bool starts_now = false;                  // by the controller's clock
};

class Submission {
 public:
  using OnResult = std::function<void(const Submitted& result)>;
  struct Settings {
    ControllerOptions where;
    bool dry_run = false;
    std::optional<std::string> stage;  // the storage area that files of client: are carried to
    Millis patience = kPatience;
  };
  Submission(Settings settings, OnResult on_result);

  Result<void> connect();

  // `size` is about how many bytes the ticket takes; a request is sent when it has enough.
  Result<void> add(sched::Ticket ticket, std::uint32_t line, std::size_t size);
  // In the place of a ticket that was not even sent.
  Result<void> add_refused(Error error, std::uint32_t line);

  Result<void> send_collected();
  Result<void> take_answers_there();  // without waiting
  Result<void> finish();              // until every ticket has its result

  bool is_waiting() const { return !under_way_.empty(); }
  bool has_collected() const { return !entries_.empty(); }
  int descriptor() const { return client_->descriptor(); }

 private:
  struct Entry {
    std::uint32_t line = 0;
    std::optional<Error> refused;  // before it was sent
    ClientPlaces::Staged staged = {};
  };
  struct Request {
    wire::Frame frame;
    std::vector<Entry> entries;
    std::optional<wire::Frame> answer;
  };

  Result<void> send(Request& request);
  Result<void> take_answer();
  Result<void> reconnect(const Error& reason);
  void tell_finished();
  void tell(const Request& request);
  void tell(const Submitted& result, const ClientPlaces::Staged& staged);

  Settings settings_;
  ClientPlaces client_places_;
  OnResult on_result_;
  std::optional<Client> client_;
  std::vector<sched::Ticket> tickets_;  // collected for the next request
  std::vector<Entry> entries_;          // likewise, with those that are not sent
  std::size_t bytes_ = 0;
  std::deque<Request> under_way_;  // oldest first
};

}  // namespace jobq::cmd
