// SPDX-License-Identifier: Apache-2.0
// Events between flows, as they are shown.
#pragma once

#include <cstdint>
#include <vector>

#include "net/event.pb.h"

namespace jobq::cmd {

void print_sent(std::uint64_t id, bool as_json);
// Its payload and a line feed; as JSON all of it.
void print_received(const wire::EventReply::Event& event, bool as_json);

// A list that comes by parts: events first, then who waits for one.
class EventPrinter {
 public:
  explicit EventPrinter(bool as_json) : as_json_(as_json) {}
  void add(const wire::EventReply& part);
  void finish();

 private:
  bool as_json_;
  std::vector<wire::EventReply::Event> events_;
  std::vector<wire::EventReply::Receiver> receivers_;
};

}  // namespace jobq::cmd
