// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: a directory, a codec for specs, rows, and waiting for a commit.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sched/rows.h"
#include "store/journal.h"
#include "tests/temp_dir.h"

namespace jobq::store {

// In memory where that can be had: no test here needs a disk that keeps what it was told to.
class StoreDir : public TempDir {
 public:
  StoreDir() : TempDir(std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") {}
};

// Enough of a spec for the tests: class, version, the names of the steps, "cleanup" where there is
// one.
inline SpecCodec test_codec() {
  SpecCodec codec;
  codec.encode = [](const sched::JobSpec& spec) {
    std::string text = spec.class_name + "\n" + spec.class_version + "\n";
    for (const auto& step : spec.steps) text += step.name + "\n";
    return text + (spec.cleanup ? "cleanup\n" : "");
  };
  codec.decode = [](std::string_view text) -> Result<std::shared_ptr<const sched::JobSpec>> {
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    if (lines.size() < 2) return fail(ErrorCode::kInternal, "no spec");
    auto spec = std::make_shared<sched::JobSpec>();
    spec->class_name = lines[0];
    spec->class_version = lines[1];
    for (std::size_t i = 2; i < lines.size(); ++i) {
      sched::StepSpec step;
      step.name = lines[i];
      if (lines[i] == "cleanup") {
        spec->cleanup = step;
      } else {
        spec->steps.push_back(step);
      }
    }
    return spec;
  };
  // Of a recurring ticket, its name.
  codec.encode_recur = [](const sched::RecurRow& row) { return row.ticket->name; };
  codec.decode_recur = [](std::string_view text, sched::RecurRow& row) {
    sched::Ticket ticket;
    ticket.name = text;
    row.ticket = std::make_shared<const sched::Ticket>(std::move(ticket));
    return true;
  };
  return codec;
}

inline Journal::Options options_for(const TempDir& directory) {
  Journal::Options options;
  options.directory = directory.path();
  options.codec = test_codec();
  options.now = [] { return Time{1'000'000}; };
  return options;
}

inline std::unique_ptr<Journal> open_journal(Journal::Options options) {
  auto journal = Journal::open(std::move(options));
  EXPECT_TRUE(journal) << (journal ? "" : journal.error().message);
  return journal ? *std::move(journal) : nullptr;
}

inline Result<void> commit(Journal& journal, std::vector<sched::Row> rows) {
  std::promise<Result<void>> done;
  auto result = done.get_future();
  journal.append(std::move(rows), [&done](Result<void> r) { done.set_value(std::move(r)); });
  return result.get();
}

inline sched::SpecRow spec_row(std::uint64_t id, const std::string& class_name = "") {
  auto spec = std::make_shared<sched::JobSpec>();
  spec->class_name = class_name;
  spec->class_version = class_name.empty() ? "" : "1";
  spec->steps.resize(2);
  spec->steps[0].name = "first";
  spec->steps[1].name = "second";
  spec->cleanup.emplace().name = "cleanup";
  return {SpecId(id), spec};
}

inline sched::JobRow job_row(std::uint64_t number, Time ended = {}) {
  sched::JobRow row;
  row.number = JobNumber(number);
  row.spec = SpecId(1);
  row.name = fmt::format("job-{}", number);
  row.user = "ann";
  row.submitted = Time{500};
  row.ended = ended;
  row.state = ended ? sched::JobState::kDone : sched::JobState::kQueued;
  row.decided = ended ? sched::Outcome::kSuccess : sched::Outcome::kNone;
  return row;
}

inline sched::StepRow step_row(std::uint64_t job, std::uint32_t step) {
  sched::StepRow row;
  row.job = JobNumber(job);
  row.step = StepId(step);
  return row;
}

// All of a row as text: equal texts are equal rows.
inline std::string text_of(const sched::Row& row);

inline std::vector<std::string> texts_of(const std::vector<sched::Row>& rows) {
  std::vector<std::string> texts;
  for (const sched::Row& row : rows) texts.push_back(text_of(row));
  std::sort(texts.begin(), texts.end());
  return texts;
}

namespace text {
inline std::string of(const std::vector<sched::OtherNode>& others) {
  std::string all;
  for (const auto& it : others) all += fmt::format("{}={}:{},", it.node.value, it.name, it.gpus);
  return all;
}
inline std::string of(const std::vector<resmgr::Count>& counts) {
  std::string all;
  for (const auto& count : counts) all += fmt::format("{}={},", count.name, count.amount);
  return all;
}
inline std::string of(const sched::SpecRow& r) {
  return fmt::format("spec {} {}", r.id.value, test_codec().encode(*r.spec));
}
inline std::string of(const sched::JobRow& r) {
  return fmt::format(
             "job {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} '{}' {} {} {} {} {} {} {} {}",
             r.number.value, r.spec.value, r.name, r.user, r.uid, r.gid, r.priority, r.params,
             r.time_limit ? r.time_limit->count : -1, r.held, r.held_by, r.started_needs,
             r.node.value, r.gpus, static_cast<int>(r.decided), r.reason, r.exit_code,
             r.cancelled_by, r.submitted.ms, r.started.ms, r.suspended.ms, r.suspended_for.count,
             r.ended.ms, static_cast<int>(r.state)) +
         fmt::format(" {}[{}] {} {} '{}' {}", r.array.value, r.index, r.elements, r.nominal.ms,
                     r.account, of(r.others));
}
inline std::string of(const sched::StepRow& r) {
  return fmt::format("step {} {} {} '{}' {} {} {} {} {} {}", r.job.value, r.step.value,
                     static_cast<int>(r.state), r.reason, static_cast<int>(r.outcome),
                     r.event.value_or("none"), r.attempt.value, r.not_before.ms, r.round,
                     r.went_back);
}
inline std::string of(const sched::AttemptRow& r) {
  return fmt::format(
             "attempt {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} '{}' {} {} {} {} {} {} {} {} {} "
             "{} {} "
             "{}",
             r.id.job.value, r.id.step.value, r.id.attempt.value, r.node.value, r.node_name,
             r.incarnation, r.gpus, r.launched, r.output, r.error, r.started.ms, r.ended.ms,
             static_cast<int>(r.end.how), r.end.exit_code, r.end.signal, r.end.reason,
             static_cast<int>(r.end.reported), r.end.event.value_or("none"), r.end.wall.count,
             r.end.cpu.count, r.end.max_rss.count, r.end.read_bytes.count,
             r.end.written_bytes.count, r.warned.ms, r.suspended_before.count, r.fenced, r.round,
             r.waits_for.size(), r.received.value) +
         fmt::format(" {} {}", of(r.others), r.lost_beside.value);
}
inline std::string of(const sched::TransitionRow& r) {
  return fmt::format("transition {} {} {} {} {}", r.job.value, r.sequence, r.at.ms, r.what,
                     r.detail);
}
inline std::string of(const sched::ClassRow& r) {
  return fmt::format("class {} {} {} {} {} {} {} {} {}", r.name, r.version, r.order, r.spec.value,
                     r.text, r.file, r.user, r.registered.ms, r.retired.ms);
}
inline std::string of(const sched::NodeRow& r) {
  return fmt::format("node {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", r.id.value, r.name,
                     r.incarnation, r.capacity.cpus, r.capacity.memory.count, r.capacity.gpus,
                     of(r.capacity.counts), r.draining, r.drained_by, r.drain_reason,
                     r.last_joined.ms, r.drain_until.ms, r.lease.count, r.forgotten, r.given_up);
}
inline std::string of(const sched::ResourceRow& r) {
  return fmt::format("resource {} {} {} {}", r.resource.name, static_cast<int>(r.resource.kind),
                     r.resource.total, r.resource.command);
}
inline std::string of(const sched::SubmissionRow& r) {
  std::string jobs;
  for (const JobNumber job : r.jobs) jobs += fmt::format("{},", job.value);
  return fmt::format("submission {} {} {} {}", r.uid, r.key, jobs, r.expires.ms);
}
inline std::string of(const sched::ArrayRow& r) {
  return fmt::format("array {} {} {} {} {} {} {} {} {} {} {} '{}'", r.job.value, r.next,
                     r.front.value, r.front_index, r.made, r.done, r.failed, r.cancelled, r.again,
                     r.held, r.dropped, r.first_failure);
}
inline std::string of(const sched::UsageRow& r) {
  return fmt::format("usage {} {} {}", r.user, r.used, r.as_of.ms);
}
inline std::string of(const sched::RunTimeRow& r) {
  return fmt::format("run time {} {} {}", r.class_name, r.estimate.count, r.runs);
}
inline std::string of(const sched::RecurRow& r) {
  return fmt::format("recur {} {} {} {} {} {} {} {} '{}' {} {} {} {} {}", r.uid, r.name, r.gid,
                     r.user, r.added.ms, r.decided.ms, r.next.ms, r.paused.ms, r.paused_by,
                     r.paused_until.ms, r.waiting.ms, r.last_job.value, r.removed,
                     r.ticket ? r.ticket->name : "-");
}
inline std::string of(const sched::FiringRow& r) {
  return fmt::format("firing {} {} {} {} {} {} {} '{}' {} {}", r.uid, r.name, r.nominal.ms,
                     r.last.ms, r.count, to_string(r.what), r.job.value, r.detail, r.at.ms,
                     r.removed);
}
inline std::string of(const sched::EventRow& r) {
  return fmt::format("event {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", r.id.value,
                     static_cast<int>(r.to.kind), r.to.uid, r.to.name, r.name, r.payload,
                     r.broadcast, r.uid, r.user, r.from, r.from_name, r.from_step, r.key, r.sent.ms,
                     r.expires.ms, r.received.ms, r.received_uid, r.received_key, r.of.value);
}
inline std::string of(const sched::CounterRow& r) {
  return fmt::format("counter {} {}", r.name, r.value);
}
}  // namespace text

inline std::string text_of(const sched::Row& row) {
  return std::visit([](const auto& kind) { return text::of(kind); }, row);
}

// The numbers of the live jobs, ascending.
inline std::vector<std::uint64_t> live_jobs(Journal& journal) {
  std::vector<std::uint64_t> numbers;
  const auto rows = journal.recover();
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  if (!rows) return numbers;
  for (const sched::Row& row : *rows) {
    if (const auto* job = std::get_if<sched::JobRow>(&row)) numbers.push_back(job->number.value);
  }
  return numbers;
}

inline std::vector<std::uint64_t> one_to(std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace jobq::store
