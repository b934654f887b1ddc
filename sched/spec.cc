// SPDX-License-Identifier: Apache-2.0
// Words for conditions and kinds, positions of steps, and the hash under which equal specs meet.
#include "sched/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace jobq::sched {
namespace {

// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). Every text and list goes in with its
// length first, so that no two different specs give the same bytes.
class Hasher {
 public:
  void add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(number >> (8 * i)));
  }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    for (const char c : text) byte(static_cast<unsigned char>(c));
  }
  void add(const NameValue& pair) {
    add(std::string_view(pair.first));
    add(std::string_view(pair.second));
  }
  void add(const Condition& condition) {
    add(std::string_view(condition.step));
    add(std::uint64_t{static_cast<std::uint8_t>(condition.on)});
    add(std::string_view(condition.value));
  }
  void add(const resmgr::Count& count) {
    add(std::string_view(count.name));
    add(count.amount);
  }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(int number) { add(static_cast<std::uint64_t>(std::int64_t{number})); }
  void add(Millis duration) { add(static_cast<std::uint64_t>(duration.count)); }

  void add(const resmgr::Needs& needs) {
    add(std::uint64_t{needs.cpus});
    add(needs.memory.count);
    add(std::uint64_t{needs.gpus});
    add_all(needs.counts);
    add_all(needs.exclusive);
    add_all(needs.tokens);
    if (!needs.element.empty()) add(needs.element);
    if (!needs.service.empty()) {
      add(std::string_view("service"));
      add(needs.service);
    }
    if (!needs.features.empty()) {
      add(std::string_view("features"));
      add_all(needs.features);
    }
    if (needs.takes_several_nodes()) {
      add(std::string_view("nodes"));
      add(std::uint64_t{needs.nodes});
    }
  }

  void add(const ParamSpec& param) {
    add(std::string_view(param.name));
    add(std::uint64_t{param.required});
    add_optional(param.fallback);
  }

  void add(const StepSpec& step) {
    add(std::string_view(step.name));
    add(std::uint64_t{static_cast<std::uint8_t>(step.kind)});
    add_all(step.argv);
    add(std::string_view(step.script));
    add(std::uint64_t{step.literal});
    add_all(step.after);
    add_all(step.after_any);
    add_optional(step.needs);
    add_all(step.exit.success);
    add_all(step.exit.failure);
    add_all(step.exit.cancel);
    add_optional(step.time_limit);
    if (step.retry != Retry()) add(step.retry);
    if (step.again) add(*step.again);
    if (step.spawn) add(*step.spawn);
    if (!step.wait_for.empty()) add_all(step.wait_for);
    if (step.send) add(*step.send);
    if (step.recv) add(*step.recv);
    if (step.files) add(*step.files);
    if (step.is_export) add(std::string_view("export"));
    if (step.is_export) add(std::string_view(step.device));
  }

  void add(const Send& send) {
    add(std::string_view("send"));
    add(send.to);
    add(send.event);
    add(send.payload);
    add_optional(send.ttl);
    add(std::uint64_t{send.broadcast});
  }

  void add(const Recv& recv) {
    add(std::string_view("recv"));
    add(recv.event);
    add(recv.from);
    add(recv.mailbox);
  }

  void add(const FileSpec& files) {
    add(std::string_view("files"));
    add_all(files.from);
    add(std::string_view(files.to));
    add(std::uint64_t{files.streams});
    add(std::uint64_t{files.recursive});
    add(std::uint64_t{files.unchecked});
  }

  void add(const Spawn& spawn) {
    add(std::string_view("spawn"));
    add(spawn.class_name);
    add(spawn.class_version);
    add(spawn.name);
    add_all(spawn.params);
    add_optional(spawn.priority);
    add(std::uint64_t{spawn.wait});
    if (spawn.spec) add(hash_of(*spawn.spec));
  }

  void add(const Loop& loop) {
    add(std::string_view("again"));
    add(loop.to);
    add(loop.when);
    add(std::uint64_t{loop.max});
  }

  void add(const Retry& retry) {
    add(std::uint64_t{retry.max});
    add(std::uint64_t{retry.on_failure});
    add(std::uint64_t{retry.on_node_lost});
    add(retry.delay);
    add(std::uint64_t{retry.backoff});
    add_optional(retry.max_delay);
    add(std::uint64_t{retry.elsewhere});
  }

  void add(const Warning& warning) {
    add(static_cast<std::uint64_t>(warning.signal));
    add(warning.before);
  }

  void add(const ResourceLimit& limit) {
    add(std::string_view(limit.name));
    add(limit.soft);
    add(limit.hard);
  }

  template <class List>
  void add_all(const List& list) {
    add(std::uint64_t{list.size()});
    for (const auto& item : list) add(item);
  }

  template <class T>
  void add_optional(const std::optional<T>& value) {
    add(std::uint64_t{value.has_value()});
    if (value) add(*value);
  }

  std::uint64_t value() const { return hash_; }

 private:
  void byte(unsigned char b) { hash_ = (hash_ ^ b) * 0x100000001b3ULL; }

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

using On = Condition::On;
constexpr std::string_view kEvent = "event=";

// What follows a step's name in a condition; nothing where it is no word for that.
std::optional<Condition> parse_end(std::string_view what) {
  if (what == "success") return Condition{{}, On::kSuccess, {}};
  if (what == "failure") return Condition{{}, On::kFailure, {}};
  if (what == "cancel") return Condition{{}, On::kCancel, {}};
  if (what == "ended") return Condition{{}, On::kEnded, {}};
  if (!what.starts_with(kEvent) || what == kEvent) return std::nullopt;
  return Condition{{}, On::kEvent, std::string(what.substr(kEvent.size()))};
}

}  // namespace

std::string to_string(const Condition& condition) {
  switch (condition.on) {
    case Condition::On::kSuccess: return condition.step;
    case Condition::On::kFailure: return condition.step + ".failure";
    case Condition::On::kCancel: return condition.step + ".cancel";
    case Condition::On::kEnded: return condition.step + ".ended";
    case Condition::On::kEvent: return condition.step + ".event=" + condition.value;
  }
  unreachable("condition out of range");
}

Result<Condition> parse_condition(std::string_view text) {
  const std::size_t dot = text.find('.');
  auto condition = parse_end(dot == std::string_view::npos ? "success" : text.substr(dot + 1));
  if (condition) condition->step = text.substr(0, dot);
  if (condition && !condition->step.empty()) return *std::move(condition);
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is not a condition; expected a step's name, or NAME.success, "
                          "NAME.failure, NAME.cancel, NAME.ended or NAME.event=VALUE",
                          text));
}

Result<Condition> parse_loop_when(std::string_view text) {
  auto when = parse_end(text);
  if (when && when->on != On::kCancel) return *std::move(when);
  if (when) {
    return fail(ErrorCode::kUsage,
                "a step that is cancelled never goes back; expected \"success\", \"failure\", "
                "\"ended\" or \"event=VALUE\"");
  }
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no end of the step itself; expected \"success\", \"failure\", "
                          "\"ended\" or \"event=VALUE\"",
                          text));
}

std::string when_text(const Loop& loop) {
  if (loop.when.on == On::kSuccess) return "success";
  return to_string(Condition{{}, loop.when.on, loop.when.value}).substr(1);
}

std::string_view to_string(StepKind kind) {
  switch (kind) {
    case StepKind::kRun: return "run";
    case StepKind::kScript: return "script";
    case StepKind::kSpawn: return "spawn";
    case StepKind::kWait: return "wait";
    case StepKind::kSend: return "send";
    case StepKind::kRecv: return "recv";
    case StepKind::kGive: return "give";
    case StepKind::kDispose: return "dispose";
    case StepKind::kInquire: return "inquire";
  }
  unreachable("step kind out of range");
}

bool Spawn::operator==(const Spawn& other) const {
  const auto rest = [](const Spawn& of) {
    return std::tie(of.class_name, of.class_version, of.name, of.params, of.priority, of.wait);
  };
  const bool own = spec != nullptr && other.spec != nullptr;
  return rest(*this) == rest(other) && (own ? *spec == *other.spec : spec == other.spec);
}

std::size_t spawn_depth(const JobSpec& spec) {
  std::size_t deepest = 0;
  for (const StepSpec& step : spec.steps) {
    if (step.spawn && step.spawn->spec) {
      deepest = std::max(deepest, 1 + spawn_depth(*step.spawn->spec));
    }
  }
  return deepest;
}

bool is_built_in(StepKind kind) {
  return kind == StepKind::kSpawn || kind == StepKind::kWait || kind == StepKind::kSend ||
         kind == StepKind::kRecv;
}

bool moves_files(StepKind kind) {
  return kind == StepKind::kGive || kind == StepKind::kDispose || kind == StepKind::kInquire;
}

StepId cleanup_id(const JobSpec& spec) {
  return StepId{static_cast<std::uint32_t>(spec.steps.size())};
}

const StepSpec& step_of(const JobSpec& spec, StepId id) {
  if (id.value < spec.steps.size()) return spec.steps[id.value];
  check(id == cleanup_id(spec) && spec.cleanup, "a step that its job does not have");
  return *spec.cleanup;
}

std::size_t step_count(const JobSpec& spec) { return spec.steps.size() + (spec.cleanup ? 1 : 0); }

bool has_step_limit(const JobSpec& spec) {
  return std::ranges::any_of(spec.steps,
                             [](const StepSpec& step) { return step.time_limit.has_value(); });
}

std::uint64_t hash_of(const JobSpec& spec) {
  Hasher hasher;
  hasher.add(spec.class_name);
  hasher.add(spec.class_version);
  hasher.add(spec.priority);
  hasher.add_optional(spec.time_limit);
  hasher.add(std::uint64_t{static_cast<std::uint8_t>(spec.on_failure)});
  hasher.add_all(spec.params);
  hasher.add(spec.needs);
  hasher.add_all(spec.steps);
  hasher.add_optional(spec.cleanup);
  hasher.add_all(spec.env);
  hasher.add(spec.workdir);
  hasher.add(spec.output);
  hasher.add(spec.error);
  hasher.add(std::uint64_t{spec.append});
  hasher.add(std::uint64_t{spec.umask});
  hasher.add_all(spec.limits);
  if (spec.warning) hasher.add(*spec.warning);
  return hasher.value();
}

}  // namespace jobq::sched
