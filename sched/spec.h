// SPDX-License-Identifier: Apache-2.0
// What a user asks for, as plain data: job classes, tickets, steps and conditions.
//
// conf makes these from text, net carries them, sched checks them (see sched/check_spec.h). Equal
// specs are stored once: what jobs share is in JobSpec, what is their own in Ticket.
//
// argv, script, places of files, env, workdir, output and error may hold ${values}, put in when a
// step starts (see sched/values.h); a step that is literal has none in its argv and script.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/when.h"
#include "resmgr/needs.h"
#include "sched/index_set.h"
#include "sched/job_condition.h"
#include "sched/recurrence.h"

namespace jobq::sched {

// The version of these structures on the wire and in the journal.
inline constexpr std::uint32_t kSpecVersion = 1;

inline constexpr int kDefaultPriority = 50;  // 0 to 1000; higher first
inline constexpr int kMaxPriority = 1000;
inline constexpr std::size_t kMaxSteps = 10000;

using NameValue = std::pair<std::string, std::string>;

// "calc" (success), "calc.failure", "calc.cancel", "calc.ended", "calc.event=VALUE".
struct Condition {
  enum class On : std::uint8_t { kSuccess, kFailure, kCancel, kEnded, kEvent };
  std::string step;
  On on = On::kSuccess;
  std::string value;  // of kEvent
  bool operator==(const Condition&) const = default;
};
std::string to_string(const Condition& condition);
// "calc.event=1" -> Condition; an error says what was expected.
Result<Condition> parse_condition(std::string_view text);

// Which exit codes mean what; codes not listed keep their usual meaning (0 success, others
// failure).
struct ExitMap {
  std::vector<int> success;
  std::vector<int> failure;
  std::vector<int> cancel;
  bool operator==(const ExitMap&) const = default;
};

// Whether an attempt that did not succeed is followed by another one. What ended by order (a
// cancel, a time limit) is never tried again.
struct Retry {
  std::uint32_t max = 0;            // further attempts; 0: none, at most kMostRetries
  bool on_failure = true;           // its own: an exit code, a signal, memory, no start at all
  bool on_node_lost = true;         // nobody knows how it ended
  Millis delay;                     // before the first further attempt
  std::uint32_t backoff = 1;        // each delay is so many times the one before, 1 to 100
  std::optional<Millis> max_delay;  // which it grows to at most
  bool elsewhere = false;           // not where the last one failed, while there is another node
  bool operator==(const Retry&) const = default;
};
inline constexpr std::uint32_t kMostRetries = 1000;
inline constexpr std::uint32_t kMostBackoff = 100;
inline constexpr Millis kLongestRetryDelay = seconds(std::int64_t{365} * 86400);

// Back to a step that came before, or to the step itself, when the step ends so; see loops.h.
struct Loop {
  std::string to;
  Condition when;         // about the step whose loop it is: it names none
  std::uint32_t max = 0;  // how often, 1 to kMostRounds
  bool operator==(const Loop&) const = default;
};
inline constexpr std::uint32_t kMostRounds = 1000;
inline constexpr std::uint32_t kMostRoundsInAll = 10000;  // of loops within loops
inline constexpr std::size_t kMostLoops = 100;            // of a job
// "event=differs" -> its condition; an error says what was expected.
Result<Condition> parse_loop_when(std::string_view text);
std::string when_text(const Loop& loop);  // "event=differs"

// Of each process of a step (setrlimit(2)), or "processes": how many of them there may be.
struct ResourceLimit {
  std::string name;  // see sched/resource_limits.h
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;  // not below the soft one
  bool operator==(const ResourceLimit&) const = default;
};
inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// A signal to each running step, so long before the time limit that ends it: that of the job or its
// own, whichever comes first. See sched/warning.h.
struct Warning {
  int signal = 0;
  Millis before;
  bool operator==(const Warning&) const = default;
};

inline constexpr std::uint32_t kUsualUmask = 022;
inline constexpr std::uint32_t kMostUmask = 0777;

// The numbers are those of the wire.
enum class StepKind : std::uint8_t {
  kRun = 0,
  kScript = 1,
  kSpawn = 2,
  kWait = 3,
  kSend = 4,
  kRecv = 5,
  kGive = 6,
  kDispose = 7,
  kInquire = 8
};
bool moves_files(StepKind kind);

// What give, dispose and inquire are about: places, which the node that runs the step understands.
struct FileSpec {
  std::vector<std::string> from;  // patterns, too
  std::string to;                 // not of inquire
  std::uint32_t streams = 0;      // for each file; 0: by its size
  bool recursive = false;
  bool unchecked = false;  // without checksums
  bool operator==(const FileSpec&) const = default;
};
inline constexpr std::uint32_t kMostStreams = 16;

std::string_view to_string(StepKind kind);  // "run", "script", ...
// The controller carries it out itself: it runs on no node and takes nothing.
bool is_built_in(StepKind kind);

struct JobSpec;

// A job that a step submits: of a class, or with steps of its own. The texts here may hold values
// of the job that submits it, those in `spec` its own.
struct Spawn {
  std::string class_name;
  std::string class_version;  // empty: the newest that is not retired
  std::string name;           // empty: the class's, else the step's
  std::vector<NameValue> params;
  std::optional<int> priority;
  bool wait = false;                    // the step ends with the job, and as the job does
  std::shared_ptr<const JobSpec> spec;  // null: of the class
  bool operator==(const Spawn& other) const;
};
// Jobs within jobs go no deeper than this.
inline constexpr std::size_t kMostSpawnDepth = 8;

// An event for another flow, and the wait for one; see sched/mailbox.h. Texts may hold ${values}.
struct Send {
  std::string to;  // a job's number or name, "mailbox:NAME", "shared:NAME"
  std::string event;
  std::string payload;
  std::optional<Millis> ttl;  // none: kUsualEventLife
  bool broadcast = false;
  bool operator==(const Send&) const = default;
};
struct Recv {
  std::string event;
  std::string from;     // only what this flow sent; empty: anybody
  std::string mailbox;  // as in `to`; empty: what is sent to the job's number or name
  bool operator==(const Recv&) const = default;
};

struct StepSpec {
  std::string name;
  StepKind kind = StepKind::kRun;
  std::vector<std::string>
      argv;            // kRun: a shell string is {"/bin/sh", "-c", text}; kScript: arguments
  std::string script;  // kScript: the whole text
  std::optional<Spawn> spawn;         // kSpawn
  std::vector<std::string> wait_for;  // kWait: job numbers, or names of jobs; may hold ${values}
  std::optional<Send> send;           // kSend
  std::optional<Recv> recv;           // kRecv
  std::optional<FileSpec> files;      // of the kinds that move files, and of an export to a device
  bool literal = false;          // argv and script are taken as written: a plain command or script
  std::vector<Condition> after;  // all must hold
  std::vector<Condition> after_any;  // one must hold
  std::optional<resmgr::Needs> needs;
  ExitMap exit;
  Retry retry;
  std::optional<Loop> again;
  std::optional<Millis> time_limit;  // from the start of each attempt
  // An export has no conditions: exports start one after the other, in their order, when all other
  // steps have ended and none of them in a failure that nobody handled. They stand behind them.
  bool is_export = false;
  std::string device;  // of an export: whose command is run, and which it needs; empty: a place
  bool operator==(const StepSpec&) const = default;
};

struct ParamSpec {
  std::string name;
  bool required = false;
  std::optional<std::string> fallback;  // "default" in the file
  bool operator==(const ParamSpec&) const = default;
};

enum class OnFailure : std::uint8_t { kStop, kContinue };

// Everything that equal jobs share. A class is one of these with a name and a version.
struct JobSpec {
  std::string class_name;  // empty for inline jobs
  std::string class_version;
  int priority = kDefaultPriority;
  std::optional<Millis> time_limit;
  OnFailure on_failure = OnFailure::kStop;
  std::vector<ParamSpec> params;
  resmgr::Needs needs;              // of the job; step needs come on top
  std::vector<StepSpec> steps;      // at least one
  std::optional<StepSpec> cleanup;  // its name is "cleanup"
  std::vector<NameValue> env;       // for every step, above the node's own environment; by name
  std::string workdir;              // absolute; empty: the user's home on the node
  std::string output;               // with %-letters, see pattern.h; empty: the node's store
  std::string error;                // likewise; empty: with the output's rule
  bool append = false;              // files named there are never emptied
  std::uint32_t umask = kUsualUmask;
  std::vector<ResourceLimit> limits;  // by name
  std::optional<Warning> warning;
  bool operator==(const JobSpec&) const = default;
};

// A step's position: steps in file order, then cleanup.
StepId cleanup_id(const JobSpec& spec);
const StepSpec& step_of(const JobSpec& spec, StepId id);
std::size_t step_count(const JobSpec& spec);   // with cleanup
bool has_step_limit(const JobSpec& spec);      // of any step but cleanup
std::size_t spawn_depth(const JobSpec& spec);  // 0: no step has a job with steps of its own

// One request to run a job. Either `spec` is set (inline), or class_name.
struct Ticket {
  std::shared_ptr<const JobSpec> spec;
  std::string class_name;
  std::string class_version;  // empty: the newest that is not retired
  std::string name;           // empty: the class's name, else the first word of the first step
  std::vector<NameValue> params;
  std::optional<int> priority;
  std::optional<Millis> time_limit;
  std::string element;  // where it may run, before what its class says; empty: as that says
  bool hold = false;
  std::optional<When> begin;  // it asks for nothing before; a duration counts from its submission
  std::optional<When> deadline;     // it is ended then, as by its time limit
  std::vector<JobCondition> after;  // on other jobs: it asks for nothing before all of them hold
  bool keeps_never = false;  // where one of them can never hold, it stays; else it is cancelled
  std::string key;           // the user's own submission key; empty: none
  std::optional<ArraySpec> array;
  std::optional<Recurrence> recur;  // it is no job but a recurring ticket
  // Of a ticket that names a class; an inline job has these in its spec.
  std::vector<NameValue> env;
  std::string workdir;
  std::string output;
  std::string error;
  bool append = false;
  std::optional<std::uint32_t> umask;
  std::vector<ResourceLimit> limits;
  std::optional<Warning> warning;
  bool operator==(const Ticket&) const = default;
};

// A class as it is registered: what was checked, and the text as its author wrote it.
struct ClassDefinition {
  std::shared_ptr<const JobSpec> spec;  // class_name and class_version set
  std::string text;
  std::string file;  // its name, for messages
  bool operator==(const ClassDefinition&) const = default;
};

// Hash of what equal specs share; equal specs have equal hashes on every machine.
std::uint64_t hash_of(const JobSpec& spec);

}  // namespace jobq::sched
