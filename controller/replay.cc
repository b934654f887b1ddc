// SPDX-License-Identifier: Apache-2.0
// Restoring, then record by record.
#include "controller/replay.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "controller/flight_digest.h"
#include "controller/flight_event.h"
#include "controller/flight_log.h"
#include "controller/flight_policy.h"
#include "controller/journal_codec.h"
#include "controller/translate.h"
#include "sched/event_manager.h"
#include "store/rows_file.h"

namespace jobq::controller {
namespace {

class Run {
 public:
  explicit Run(const OnStep& on_step) : on_step_(on_step) {}

  Result<void> start(const std::string& recording, const wire::FlightStart& start) {
    const auto policy = from_wire(start);
    if (!policy) return tl::unexpected(policy.error());
    auto rows = store::load_rows(rows_file(recording), journal_codec());
    if (!rows) return tl::unexpected(rows.error());
    core_ = sched::EventManager(*policy);
    out_.software = start.software();
    out_.from = Time{start.at()};
    out_.to = out_.from;
    std::vector<sched::Action> actions;
    core_.restore(*rows, out_.from, actions);
    tell({0, out_.from, nullptr, actions});
    expect(start.actions(), digest_of(actions), "the recovery with which it begins");
    expect(start.rows(), digest_of(core_.take_rows()), "the rows of the recovery");
    return {};
  }

  // False: the recording ends with this one.
  Result<bool> take(const wire::FlightRecord& record) {
    if (record.has_full()) out_.full = true;
    if (record.has_turn()) {
      expect(record.turn().rows(), digest_of(core_.take_rows()),
             fmt::format("the rows behind event {}", out_.events));
    }
    if (record.has_event()) {
      auto event = from_wire(record.event());
      if (!event) return tl::unexpected(event.error());
      step(*event, record.event());
    }
    return !out_.full && !out_.difference;
  }

  Replayed finish(bool torn) {
    out_.torn = torn;
    return std::move(out_);
  }
  bool differs() const { return out_.difference.has_value(); }

 private:
  void step(const sched::Event& event, const wire::FlightEvent& recorded) {
    ++out_.events;
    out_.to = Time{recorded.at()};
    std::vector<sched::Action> actions;
    core_.step(event, out_.to, actions);
    tell({out_.events, out_.to, &event, actions});
    expect(recorded.actions(), digest_of(actions),
           fmt::format("the decisions on event {}", out_.events));
  }
  void tell(const ReplayedStep& step) {
    out_.decisions += step.actions.size();
    on_step_(step);
  }
  void expect(std::uint64_t recorded, std::uint64_t found, const std::string& what) {
    if (recorded == found || out_.difference) return;
    out_.difference =
        fmt::format("{} ({}) are not what was recorded", what, format_rfc3339(out_.to));
  }

  const OnStep& on_step_;
  sched::EventManager core_;
  Replayed out_;
};

Error in_file(const Error& error, const std::string& recording) {
  return {error.code, fmt::format("{}: {}", recording, error.message)};
}

}  // namespace

Result<Replayed> replay(const std::string& recording, const OnStep& on_step) {
  const std::string path = events_file(recording);
  std::ifstream events(path, std::ios::binary);
  if (!events) return fail(ErrorCode::kNotFound, fmt::format("{} cannot be read", path));
  FlightReader reader(events);
  wire::FlightRecord record;
  const auto first = reader.next(record);
  if (!first) return tl::unexpected(in_file(first.error(), recording));
  std::error_code ignored;
  if (!*first || !std::filesystem::exists(rows_file(recording), ignored)) {
    Replayed nothing;
    nothing.has_beginning = false;
    return nothing;
  }
  if (!record.has_start()) {
    return fail(ErrorCode::kRefused, fmt::format("{} does not begin with a start", recording));
  }
  Run run(on_step);
  if (const auto started = run.start(recording, record.start()); !started) {
    return tl::unexpected(in_file(started.error(), recording));
  }
  for (bool more = !run.differs(); more;) {
    const auto next = reader.next(record);
    if (!next) return tl::unexpected(in_file(next.error(), recording));
    const auto taken = *next ? run.take(record) : Result<bool>(false);
    if (!taken) return tl::unexpected(in_file(taken.error(), recording));
    more = *taken;
  }
  return run.finish(reader.torn());
}

}  // namespace jobq::controller
