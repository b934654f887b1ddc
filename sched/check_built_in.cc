// SPDX-License-Identifier: Apache-2.0
// The checks of steps that the controller carries out itself.
#include <fmt/format.h>

#include <algorithm>

#include "resmgr/needs.h"
#include "sched/check_parts.h"
#include "sched/job_condition.h"
#include "sched/mailbox.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kMostWords = 1000;

void check_name(const std::string& path, std::string_view what, const std::string& text,
                FaultList& faults) {
  if (!value_refs(text).empty() || resmgr::valid_name(text)) return;
  faults.add(path,
             fmt::format("'{}' is not a {} of a class; expected letters, digits, '.', '_' and "
                         "'-', a letter or digit first, at most 64",
                         text, what));
}

// What has no values can be looked at now, the rest when the step starts.
template <class Checked>
void check_part(const PathOfKey& path, std::string_view key, const std::string& text,
                const ValueScope& scope, const Checked& right, FaultList& faults) {
  if (value_refs(text).empty() && !right) faults.add(path(key), right.error().message);
  check_text([&] { return path(key); }, text, scope, faults);
}

void check_class_of(const PathOfKey& path, const Spawn& spawn, FaultList& faults) {
  check_name(path("spawn.class"), "name", spawn.class_name, faults);
  if (spawn.class_version.empty()) return;
  check_name(path("spawn.version"), "version", spawn.class_version, faults);
}

// "step[1].spawn.params" of "ticket.params" in the job that step[1] submits.
std::string place_within(const PathOfKey& path, std::string_view fault) {
  constexpr std::string_view kTicket = "ticket.";
  if (fault.starts_with(kTicket)) fault.remove_prefix(kTicket.size());
  return path("spawn.") + std::string(fault);
}

// The client is the one that submits the whole, and knows its own steps' files alone.
void check_no_client(const PathOfKey& path, const JobSpec& spec, FaultList& faults) {
  const auto is_of_client = [](const std::string& place) { return place.starts_with("client:"); };
  for (std::size_t i = 0; i < spec.steps.size(); ++i) {
    const std::optional<FileSpec>& files = spec.steps[i].files;
    if (!files) continue;
    if (!is_of_client(files->to) && std::ranges::none_of(files->from, is_of_client)) continue;
    faults.add(path(fmt::format("spawn.step[{}].{}", i, to_string(spec.steps[i].kind))),
               "a job that a step submits has no client:; carry the files by a step of the job "
               "around it");
  }
}

// A job with steps of its own.
void check_own_job(const PathOfKey& path, const Spawn& spawn, FaultList& faults) {
  if (!spawn.class_name.empty() || !spawn.spec->class_name.empty()) {
    faults.add(path("spawn.class"), "a job has steps of its own or is of a class, not both");
  }
  if (!spawn.class_version.empty()) {
    faults.add(path("spawn.version"), "a version is of a class, and the job has steps of its own");
  }
  if (spawn_depth(*spawn.spec) >= kMostSpawnDepth) {
    return faults.add(path("spawn"),
                      fmt::format("jobs within jobs go at most {} deep", kMostSpawnDepth));
  }
  for (const Fault& fault : check_spec(*spawn.spec)) {
    faults.add(place_within(path, fault.path), fault.text);
  }
  check_no_client(path, *spawn.spec, faults);
  for (const Fault& fault : check_params(*spawn.spec, spawn.params)) {
    faults.add(place_within(path, fault.path), fault.text);
  }
}

}  // namespace

void check_spawn(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults) {
  if (step.kind != StepKind::kSpawn) return;
  const Spawn spawn = step.spawn.value_or(Spawn{});
  if (spawn.spec) {
    check_own_job(path, spawn, faults);
  } else {
    check_class_of(path, spawn, faults);
  }
  const auto check_one = [&](std::string_view key, const std::string& text) {
    check_text([&] { return path(key); }, text, scope, faults);
  };
  check_one("spawn.class", spawn.class_name);
  check_one("spawn.version", spawn.class_version);
  check_one("spawn.name", spawn.name);
  for (const auto& [name, value] : spawn.params) check_one("spawn.params." + name, value);
  if (spawn.priority) {
    check_priority([&] { return path("spawn.priority"); }, *spawn.priority, faults);
  }
}

void check_waits(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults) {
  if (step.kind != StepKind::kWait) return;
  const std::size_t count = step.wait_for.size();
  if (count == 0 || count > kMostWords) {
    faults.add(path("wait"), fmt::format("expected numbers or names of 1 to {} jobs, found {}",
                                         kMostWords, count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string key = fmt::format("wait[{}]", i);
    check_part(path, key, step.wait_for[i], scope, check_waited_for(step.wait_for[i]), faults);
  }
}

void check_send(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                FaultList& faults) {
  if (step.kind != StepKind::kSend) return;
  const Send send = step.send.value_or(Send{});
  check_part(path, "send.to", send.to, scope, parse_mailbox(send.to, 0), faults);
  check_part(path, "send.event", send.event, scope, check_event_name(send.event), faults);
  check_part(path, "send.payload", send.payload, scope, check_payload(send.payload), faults);
  if (const auto right = check_event_life(send.ttl); !right) {
    faults.add(path("send.ttl"), right.error().message);
  }
}

void check_recv(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                FaultList& faults) {
  if (step.kind != StepKind::kRecv) return;
  const Recv recv = step.recv.value_or(Recv{});
  check_part(path, "recv.event", recv.event, scope, check_event_name(recv.event), faults);
  if (!recv.from.empty()) {
    check_part(path, "recv.from", recv.from, scope, parse_mailbox(recv.from, 0), faults);
  }
  if (recv.mailbox.empty()) return;
  check_part(path, "recv.mailbox", recv.mailbox, scope, parse_mailbox(recv.mailbox, 0), faults);
}

}  // namespace jobq::sched
