// SPDX-License-Identifier: Apache-2.0
// The parts that the checks of specs and tickets are made of: the list of faults and single checks.
//
// A place in a spec is named by a function, so that no path is put together where nothing is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sched/check_spec.h"
#include "sched/values.h"

namespace jobq::sched {

// Takes faults up to kMaxFaults.
class FaultList {
 public:
  bool full() const { return faults_.size() >= kMaxFaults; }
  void add(std::string path, std::string text);
  std::vector<Fault> take() { return std::move(faults_); }

 private:
  std::vector<Fault> faults_;
};

// A reference to something callable that names a place; never kept.
class Path {
 public:
  template <class F>
  Path(const F& function)  // NOLINT(google-explicit-constructor): lambdas are written in place
      : object_(&function), call_([](const void* object) -> std::string {
          return (*static_cast<const F*>(object))();
        }) {}
  std::string operator()() const { return call_(object_); }

 private:
  const void* object_;
  std::string (*call_)(const void*);
};

// The names of a spec's steps, for look-up; the first of equal names counts. Refers to the spec.
class StepNames {
 public:
  explicit StepNames(const JobSpec& spec);
  // kNone where there is no such step.
  std::uint32_t find(std::string_view name) const;
  std::vector<std::string_view> all() const;

  static constexpr std::uint32_t kNone = 0xffffffff;

 private:
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted_;
};

// Sorted.
std::vector<std::string_view> param_names(const JobSpec& spec);

// A use of a value of one step in another (or in the cleanup step, whose position is steps.size()).
struct StepUse {
  std::uint32_t used = 0;
  std::uint32_t by = 0;
  std::string path;
  std::string name;  // "steps.calc.event"
};

// Which values a text may use.
struct ValueScope {
  const std::vector<std::string_view>& params;  // sorted
  const StepNames* steps = nullptr;  // none: the text is the whole job's, before any step
  std::uint32_t step = 0;
  std::vector<StepUse>* uses = nullptr;  // with steps: where uses of their values are noted
};

void check_no_nul(const Path& path, std::string_view text, FaultList& faults);
// The ${values} of a text, and that it has no NUL byte.
void check_text(const Path& path, std::string_view text, const ValueScope& scope,
                FaultList& faults);
// The %-letters of an output pattern.
void check_pattern(const Path& path, std::string_view pattern, FaultList& faults);
void check_limit(const Path& path, const std::optional<Millis>& limit, FaultList& faults);
void check_priority(const Path& path, int priority, FaultList& faults);

// What every step of a job is given, from its spec or from a ticket that names a class. The prefix
// is "class" or "ticket".
struct JobTexts {
  const std::vector<NameValue>& env;
  const std::string& workdir;
  const std::string& output;
  const std::string& error;
  std::uint32_t umask;
  const std::vector<ResourceLimit>& limits;
  const std::optional<Warning>& warning;
};
// With no scope, the ${values} are not looked at.
void check_job_texts(std::string_view prefix, const JobTexts& texts,
                     const std::optional<ValueScope>& scope, FaultList& faults);

// `prefix` ends with "needs".
void check_needs(const Path& prefix, const resmgr::Needs& needs, FaultList& faults);
void check_retry(const Path& prefix, const Retry& retry, FaultList& faults);
// What can be said of it by itself.
void check_loop(const Path& prefix, const Loop& loop, FaultList& faults);
// Of a step of this kind; nothing of any other. `path` gives the place of a key.
using PathOfKey = std::function<std::string(std::string_view key)>;
void check_spawn(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults);
void check_waits(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults);
void check_send(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                FaultList& faults);
void check_recv(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                FaultList& faults);
void check_exit(const Path& prefix, const ExitMap& exit, FaultList& faults);

}  // namespace jobq::sched
