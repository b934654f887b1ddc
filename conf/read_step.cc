// SPDX-License-Identifier: Apache-2.0
// The keys of steps.
#include "conf/read_step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "conf/read_needs.h"
#include "conf/read_spawn.h"
#include "conf/scalars.h"

namespace jobq::conf {
namespace {

using sched::Condition;
using sched::ExitMap;
using sched::StepSpec;

void read_condition(const Node& node, Condition& out, FaultSink& faults) {
  if (node.kind != Node::Kind::kString) {
    refuse(node, "a condition like \"calc\" or \"calc.failure\"", faults);
    return;
  }
  auto condition = sched::parse_condition(node.text);
  if (!condition) return faults.add(node.place, condition.error().message);
  out = std::move(*condition);
}

// What cannot be read stays empty, so that positions in the list are those of the file.
void read_conditions(const Node& node, std::vector<Condition>& out, FaultSink& faults) {
  if (node.kind == Node::Kind::kString) return read_condition(node, out.emplace_back(), faults);
  if (node.kind != Node::Kind::kList) {
    refuse(node, "a list of conditions", faults);
    return;
  }
  out.reserve(node.children.size());
  for (const Node& item : node.children) read_condition(item, out.emplace_back(), faults);
}

// The fault of a number out of range is left to sched::check_spec(), which sees those of the wire
// too.
void read_code(const Node& node, std::vector<int>& out, FaultSink& faults) {
  std::int64_t code = -1;
  read_number(node, 0, 255, code, faults);
  out.push_back(static_cast<int>(code));
}

void read_codes(const Node& node, std::vector<int>& out, FaultSink& faults) {
  if (node.kind != Node::Kind::kList) return read_code(node, out, faults);
  for (const Node& item : node.children) read_code(item, out, faults);
}

constexpr std::array<Key<ExitMap>, 3> kExitKeys = {{
    {"success", [](const Node& n, ExitMap& out, FaultSink& f) { read_codes(n, out.success, f); }},
    {"failure", [](const Node& n, ExitMap& out, FaultSink& f) { read_codes(n, out.failure, f); }},
    {"cancel", [](const Node& n, ExitMap& out, FaultSink& f) { read_codes(n, out.cancel, f); }},
}};

using sched::Retry;

void read_retry_on(const Node& node, Retry& out, FaultSink& faults) {
  std::vector<std::string> words;
  if (!read_words(node, words, faults)) return;
  out.on_failure = out.on_node_lost = false;
  for (const std::string& word : words) {
    bool& flag = word == "failure" ? out.on_failure : out.on_node_lost;
    flag = true;
    if (word != "failure" && word != "node-lost") {
      faults.add(
          node.place,
          fmt::format("expected \"failure\" or \"node-lost\", found the string \"{}\"", word));
    }
  }
}

void read_count(const Node& node, std::uint32_t most, std::uint32_t& out, FaultSink& faults) {
  std::int64_t count = 0;
  if (read_number(node, 1, most, count, faults)) out = static_cast<std::uint32_t>(count);
}

constexpr std::array<Key<Retry>, 6> kRetryKeys = {{
    {"max", [](const Node& n, Retry& out,
               FaultSink& f) { read_count(n, sched::kMostRetries, out.max, f); }},
    {"on", read_retry_on},
    {"delay", [](const Node& n, Retry& out, FaultSink& f) { read_duration(n, out.delay, f); }},
    {"backoff", [](const Node& n, Retry& out,
                   FaultSink& f) { read_count(n, sched::kMostBackoff, out.backoff, f); }},
    {"max_delay",
     [](const Node& n, Retry& out, FaultSink& f) { read_duration(n, out.max_delay, f); }},
    {"elsewhere", [](const Node& n, Retry& out, FaultSink& f) { read_flag(n, out.elsewhere, f); }},
}};

using sched::Loop;

void read_when(const Node& node, Loop& out, FaultSink& faults) {
  std::string text;
  if (!read_string(node, text, faults)) return;
  auto when = sched::parse_loop_when(text);
  if (!when) return faults.add(node.place, when.error().message);
  out.when = *std::move(when);
}

constexpr std::array<Key<Loop>, 3> kLoopKeys = {{
    {"to", [](const Node& n, Loop& out, FaultSink& f) { read_string(n, out.to, f); }},
    {"when", read_when},
    {"max",
     [](const Node& n, Loop& out, FaultSink& f) { read_count(n, sched::kMostRounds, out.max, f); }},
}};

using sched::FileSpec;

// A string, or a list of them.
void read_places(const Node& node, std::vector<std::string>& out, FaultSink& faults) {
  if (node.kind == Node::Kind::kString) {
    out.push_back(node.text);
  } else if (node.kind == Node::Kind::kList) {
    for (const Node& item : node.children) read_string(item, out.emplace_back(), faults);
  } else {
    refuse(node, "the place of a file, or a list of places", faults);
  }
}

void read_from(const Node& node, FileSpec& out, FaultSink& faults) {
  read_places(node, out.from, faults);
}

void read_checksum(const Node& node, FileSpec& out, FaultSink& faults) {
  bool wanted = true;
  read_flag(node, wanted, faults);
  out.unchecked = !wanted;
}

constexpr std::array<Key<FileSpec>, 5> kCopyKeys = {{
    {"from", read_from},
    {"to", [](const Node& n, FileSpec& out, FaultSink& f) { read_string(n, out.to, f); }},
    {"streams", [](const Node& n, FileSpec& out,
                   FaultSink& f) { read_count(n, sched::kMostStreams, out.streams, f); }},
    {"recursive",
     [](const Node& n, FileSpec& out, FaultSink& f) { read_flag(n, out.recursive, f); }},
    {"checksum", read_checksum},
}};

constexpr std::array<Key<FileSpec>, 2> kInquireKeys = {{
    {"files", read_from},
    {"checksum", read_checksum},
}};

constexpr std::array<Key<FileSpec>, 4> kExportKeys = {{
    {"from", [](const Node& n, FileSpec& out,
                FaultSink& f) { read_string(n, out.from.emplace_back(), f); }},
    {"to", [](const Node& n, FileSpec& out, FaultSink& f) { read_string(n, out.to, f); }},
    {"recursive",
     [](const Node& n, FileSpec& out, FaultSink& f) { read_flag(n, out.recursive, f); }},
    {"checksum", read_checksum},
}};

// sched would find it, too, but not where it should stand.
void expect_keys(const Node& node, std::string_view label, std::span<const std::string_view> wanted,
                 FaultSink& faults) {
  if (node.kind != Node::Kind::kTable) return;
  for (const std::string_view key : wanted) {
    if (node.find(key) == nullptr) {
      faults.add(node.place, fmt::format("{} has no {}; expected one", label, key));
    }
  }
}

constexpr std::array<std::string_view, 2> kFromAndTo = {"from", "to"};

void read_copy(const Node& node, sched::StepKind kind, StepSpec& out, FaultSink& faults) {
  out.kind = kind;
  read_section<FileSpec>(node, {sched::to_string(kind), kCopyKeys, {}}, out.files.emplace(),
                         faults);
  expect_keys(node, sched::to_string(kind), kFromAndTo, faults);
}

void read_name(const Node& node, StepSpec& out, FaultSink& faults) {
  read_string(node, out.name, faults);
}

void read_after(const Node& node, StepSpec& out, FaultSink& faults) {
  read_conditions(node, out.after, faults);
}

void read_after_any(const Node& node, StepSpec& out, FaultSink& faults) {
  read_conditions(node, out.after_any, faults);
}

void read_step_needs(const Node& node, StepSpec& out, FaultSink& faults) {
  read_needs(node, out.needs.emplace(), faults);
}

void read_limit(const Node& node, StepSpec& out, FaultSink& faults) {
  read_duration(node, out.time_limit, faults);
}

void read_waited_for(const Node& node, std::string& out, FaultSink& faults) {
  const bool is_name = node.kind == Node::Kind::kString || node.kind == Node::Kind::kInteger;
  if (!is_name) {
    refuse(node, "the number or name of a job", faults);
    return;
  }
  read_text(node, out, faults);
}

// Job numbers and names; one stands by itself.
void read_wait(const Node& node, StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kWait;
  if (node.kind != Node::Kind::kList) {
    return read_waited_for(node, out.wait_for.emplace_back(), faults);
  }
  for (const Node& job : node.children) read_waited_for(job, out.wait_for.emplace_back(), faults);
}

using sched::Recv;
using sched::Send;

constexpr std::array<Key<Send>, 5> kSendKeys = {{
    {"to", [](const Node& n, Send& out, FaultSink& f) { read_text(n, out.to, f); }},
    {"event", [](const Node& n, Send& out, FaultSink& f) { read_string(n, out.event, f); }},
    {"payload", [](const Node& n, Send& out, FaultSink& f) { read_text(n, out.payload, f); }},
    {"ttl", [](const Node& n, Send& out, FaultSink& f) { read_duration(n, out.ttl, f); }},
    {"broadcast", [](const Node& n, Send& out, FaultSink& f) { read_flag(n, out.broadcast, f); }},
}};

constexpr std::array<Key<Recv>, 3> kRecvKeys = {{
    {"event", [](const Node& n, Recv& out, FaultSink& f) { read_string(n, out.event, f); }},
    {"from", [](const Node& n, Recv& out, FaultSink& f) { read_text(n, out.from, f); }},
    {"mailbox", [](const Node& n, Recv& out, FaultSink& f) { read_text(n, out.mailbox, f); }},
}};

void read_send(const Node& node, StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kSend;
  read_section<Send>(node, {"send", kSendKeys, {}}, out.send.emplace(), faults);
  if (node.kind != Node::Kind::kTable) return;
  for (const std::string_view key : {"to", "event"}) {
    if (node.find(key) != nullptr) continue;
    faults.add(node.place, fmt::format("send has no {}; expected both to and event", key));
  }
}

// The name of an event alone means one from anybody, sent to the job.
void read_recv(const Node& node, StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kRecv;
  Recv& recv = out.recv.emplace();
  if (node.kind == Node::Kind::kString) {
    read_string(node, recv.event, faults);
    return;
  }
  read_section<Recv>(node, {"recv", kRecvKeys, {}}, recv, faults);
  if (node.kind != Node::Kind::kTable || node.find("event") != nullptr) return;
  faults.add(node.place, "recv has no event; expected the name of one");
}

constexpr std::array<Key<StepSpec>, 17> kStepKeys = {{
    {"name", read_name},
    {"run", read_run},
    {"script", read_script},
    {"spawn", read_spawn},
    {"wait", read_wait},
    {"send", read_send},
    {"recv", read_recv},
    {"give", read_give},
    {"dispose", read_dispose},
    {"inquire", read_inquire},
    {"after", read_after},
    {"after_any", read_after_any},
    {"needs", read_step_needs},
    {"exit", read_exit},
    {"retry", read_retry},
    {"again", read_again},
    {"time_limit", read_limit},
}};

constexpr std::array<std::string_view, 2> kProcessKeys = {"run", "script"};
constexpr std::array<Key<StepSpec>, 3> kCleanupKeys = {{
    {"run", read_run},
    {"script", read_script},
    {"time_limit", read_limit},
}};

}  // namespace

void read_run(const Node& node, StepSpec& out, FaultSink& faults) {
  if (node.kind == Node::Kind::kString) {
    out.argv = {"/bin/sh", "-c", node.text};
    return;
  }
  if (node.kind != Node::Kind::kList) {
    refuse(node, "a list of words, or a string for /bin/sh", faults);
    return;
  }
  out.argv.reserve(node.children.size());
  for (const Node& word : node.children) read_text(word, out.argv.emplace_back(), faults);
}

void read_script(const Node& node, StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kScript;
  read_string(node, out.script, faults);
}

void read_give(const Node& node, StepSpec& out, FaultSink& faults) {
  read_copy(node, sched::StepKind::kGive, out, faults);
}

void read_dispose(const Node& node, StepSpec& out, FaultSink& faults) {
  read_copy(node, sched::StepKind::kDispose, out, faults);
}

void read_inquire(const Node& node, StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kInquire;
  FileSpec& files = out.files.emplace();
  if (node.kind != Node::Kind::kTable) return read_places(node, files.from, faults);
  constexpr std::array<std::string_view, 1> kWanted = {"files"};
  read_section<FileSpec>(node, {"inquire", kInquireKeys, {}}, files, faults);
  expect_keys(node, "inquire", kWanted, faults);
}

void read_export(const Node& node, std::size_t number, StepSpec& out, FaultSink& faults) {
  constexpr std::string_view kLabel = "[[export]]";
  constexpr std::string_view kDevice = "device:";
  FileSpec& files = out.files.emplace();
  read_section<FileSpec>(node, {kLabel, kExportKeys, {}}, files, faults);
  expect_keys(node, kLabel, kFromAndTo, faults);
  out.name = fmt::format("export-{}", number);
  out.is_export = true;
  out.kind = sched::StepKind::kDispose;
  if (!files.to.starts_with(kDevice)) return;
  out.kind = sched::StepKind::kRun;
  out.device = std::exchange(files.to, {}).substr(kDevice.size());
  out.needs.emplace().exclusive.push_back(out.device);
}

void read_exit(const Node& node, StepSpec& out, FaultSink& faults) {
  read_section<ExitMap>(node, {"exit", kExitKeys, {}}, out.exit, faults);
}

void read_retry(const Node& node, StepSpec& out, FaultSink& faults) {
  read_section<Retry>(node, {"retry", kRetryKeys, {}}, out.retry, faults);
  if (node.kind != Node::Kind::kTable || node.find("max") != nullptr) return;
  faults.add(node.place, "retry has no max; expected how many further attempts there may be");
}

void read_again(const Node& node, StepSpec& out, FaultSink& faults) {
  read_section<Loop>(node, {"again", kLoopKeys, {}}, out.again.emplace(), faults);
  if (node.kind != Node::Kind::kTable) return;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRequired = {{
      {"to", "the step that it goes back to"},
      {"when", "how its step must end for that, like \"failure\" or \"event=VALUE\""},
      {"max", "how often it may go back"},
  }};
  for (const auto& [key, what] : kRequired) {
    if (node.find(key) != nullptr) continue;
    faults.add(node.place, fmt::format("again has no {}; expected {}", key, what));
  }
}

void check_one_kind(const Node& node, std::string_view label,
                    std::span<const std::string_view> kinds, FaultSink& faults) {
  const Node* first = nullptr;
  for (const std::string_view kind : kinds) {
    const Node* found = node.find(kind);
    if (found == nullptr) continue;
    if (first != nullptr) {
      return faults.add(std::max(first->key_place, found->key_place),
                        fmt::format("{} has both {} and {}; expected one of them", label,
                                    first->key, found->key));
    }
    first = found;
  }
  if (first != nullptr) return;
  faults.add(node.place,
             fmt::format("{} has no kind; expected one of {}", label, fmt::join(kinds, ", ")));
}

void read_step(const Node& node, StepSpec& out, FaultSink& faults) {
  constexpr std::string_view kLabel = "[[step]]";
  read_section<StepSpec>(node, {kLabel, kStepKeys, {}}, out, faults);
  if (node.kind != Node::Kind::kTable) return;
  if (node.find("name") == nullptr) faults.add(node.place, "[[step]] has no name; expected one");
  check_one_kind(node, kLabel, kKindKeys, faults);
}

void read_cleanup(const Node& node, StepSpec& out, FaultSink& faults) {
  constexpr std::string_view kLabel = "[cleanup]";
  out.name = "cleanup";
  read_section<StepSpec>(node, {kLabel, kCleanupKeys, {}}, out, faults);
  if (node.kind == Node::Kind::kTable) check_one_kind(node, kLabel, kProcessKeys, faults);
}

}  // namespace jobq::conf
