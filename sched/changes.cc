// SPDX-License-Identifier: Apache-2.0
// Rows from what is in memory; jobs that ended leave memory when their rows were taken.
#include "sched/changes.h"

#include "sched/core.h"

namespace jobq::sched {
namespace {

CounterRow counter_row(Counter which, std::uint64_t value) {
  switch (which) {
    case Counter::kJob: return {"next_job", value};
    case Counter::kSpec: return {"next_spec", value};
    case Counter::kNode: return {"next_node", value};
    case Counter::kClass: return {"next_class", value};
    case Counter::kEvent: return {"next_event", value};
  }
  return {};
}

RecurRow removed_row(const RecurKey& key) {
  RecurRow row;
  row.uid = key.uid;
  row.name = key.name;
  row.removed = true;
  return row;
}

FiringRow removed_row(const FiringKey& key) {
  FiringRow row;
  row.uid = key.recur.uid;
  row.name = key.recur.name;
  row.nominal = key.nominal;
  row.removed = true;
  return row;
}

EventRow removed_row(EventId id) {
  EventRow row;
  row.id = id;
  row.removed = true;
  return row;
}

}  // namespace

std::optional<Row> Core::row_of(const RowKey& key) {
  struct Maker {
    Core& core;
    std::optional<Row> operator()(SpecId id) const {
      const SpecEntry* entry = core.specs_.find(id);
      return entry != nullptr ? std::optional<Row>(SpecRow{id, entry->spec}) : std::nullopt;
    }
    std::optional<Row> operator()(JobNumber number) const {
      Job& job = *core.jobs_.find_any(number);
      job.touched = false;
      return to_row(job);
    }
    std::optional<Row> operator()(const StepKey& it) const {
      Job& job = *core.jobs_.find_any(it.job);
      job.step(it.step).touched = false;
      return to_row(job, it.step);
    }
    std::optional<Row> operator()(const AttemptKey& it) const {
      Step& step = core.jobs_.find_any(it.job)->step(it.step);
      const AttemptRow& row = step.run->attempts.at(it.attempt.value - 1);
      if (&row == step.attempt()) step.attempt_touched = false;
      return row;
    }
    std::optional<Row> operator()(const TransitionKey& it) const {
      return core.jobs_.find_any(it.job)->run->transitions.at(it.sequence - 1);
    }
    std::optional<Row> operator()(const ArrayKey& it) const {
      ArrayRun& array = *core.jobs_.find_any(it.job)->array;
      array.touched = false;
      return to_row(array, it.job);
    }
    std::optional<Row> operator()(const ClassKey& it) const { return *core.classes_.find(it); }
    std::optional<Row> operator()(NodeId id) const { return core.nodes_.find(id)->row; }
    std::optional<Row> operator()(const ResourceKey& it) const {
      const auto found = core.named_.find(it.name);
      const ResourceRow row = found->second;
      if (row.removed) core.named_.erase(found);
      return row;
    }
    std::optional<Row> operator()(const SubmissionKey& it) const {
      const SubmissionRow* row = core.submissions_.find(it);
      return row != nullptr ? std::optional<Row>(*row) : std::nullopt;  // none: it has expired
    }
    std::optional<Row> operator()(const UsageKey& it) const { return core.fair_.row(it.user); }
    std::optional<Row> operator()(const RunTimeKey& it) const {
      return core.run_times_.row(it.class_name);
    }
    // What is no more is deleted.
    std::optional<Row> operator()(const RecurKey& it) const {
      const Recurring* found = core.find_recurring(it);
      if (found != nullptr) return found->row;
      return removed_row(it);
    }
    std::optional<Row> operator()(const FiringKey& it) const {
      if (const Recurring* of = core.find_recurring(it.recur)) {
        const auto found = of->firings.find(it.nominal);
        if (found != of->firings.end()) return found->second;
      }
      return removed_row(it);
    }
    std::optional<Row> operator()(EventId id) const {
      const EventRow* row = core.mailboxes_.find(id);
      return row != nullptr ? *row : removed_row(id);
    }
    std::optional<Row> operator()(Counter which) const {
      return counter_row(which, core.counter(which));
    }
  };
  return std::visit(Maker{*this}, key);
}

std::vector<Row> Core::take_rows() {
  const std::vector<RowKey> keys = changes_.take();
  std::vector<Row> rows;
  rows.reserve(keys.size());
  for (const RowKey& key : keys) {
    if (std::optional<Row> row = row_of(key)) rows.push_back(std::move(*row));
  }
  for (const JobNumber number : std::exchange(ended_, {})) {
    SpecEntry& spec = *jobs_.find_any(number)->spec;
    jobs_.erase(number);
    specs_.leave(spec);
  }
  return rows;
}

}  // namespace jobq::sched
