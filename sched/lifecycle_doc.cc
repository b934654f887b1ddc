// SPDX-License-Identifier: Apache-2.0
// The tables as diagrams and text.
#include "sched/lifecycle_doc.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "sched/lifecycle.h"

namespace jobq::sched {
namespace {

constexpr std::string_view kHead = R"(# States

This page is made from the tables in `sched/lifecycle.cc`. To make it again after they changed:

    JOBQ_WRITE_DOCS=1 build/debug/test_sched --gtest_filter='StatesPage.*'

## Jobs

What users see. A job has no state of its own that changes: what is shown follows from its hold,
its decision and the counts of its steps by state.

| code | state |
|---|---|
)";

constexpr std::string_view kJobRules = R"(
In this order, the first that applies:

1. it ended: `JD`, `JE` or `JC`, by its outcome;
2. it is held: `HD` (what runs of it is suspended, and the clock of its time limit stands);
3. its begin is to come, or it comes after other jobs: `QU`;
4. nothing was granted to it yet: `WR`;
5. it is decided, none of its steps is open, and it has a cleanup step: `CU`;
6. none of its steps is on a node, and at least one waits: `BP WR`;
7. else `BP`.

A job array is one job whose state follows from its elements: it ended when all of them have; else
it is `HD` when it is held as a whole, `BP` while an element runs, and else what its next element
is. What has not started of it is shown on a line of its own: `HD` when it is held, `QU` while its
begin is to come or as many elements run as the array's throttle allows, else `WR`.

A job is decided once: by an unhandled failure or cancel of a step, by a cancel, by its time
limit, or by its last step. From then on it takes no new steps.

What may be asked of a job (`yes`; `no` is refused; `same`: it is so already, and nothing changes):

)";

constexpr std::string_view kStepRules = R"(
## Steps

What is final stays as it is, unless a loop goes back over it: then it begins anew. What is ending
ends as it was ordered, cancelled or failed, whatever its exit status. The cleanup step has the same
states; no loop goes back over it.

```mermaid
stateDiagram-v2
    [*] --> pending
)";

constexpr std::string_view kTableHead = R"(```

Every state with every input: the next state; `-` is stale or repeated, and ignored; `!` cannot
happen (a bug).

)";

template <class... Args>
void add(std::string& page, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(page), text, std::forward<Args>(args)...);
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDo: return "yes";
    case Verdict::kIgnore: return "same";
    case Verdict::kRefuse: return "no";
  }
  return "";
}

std::string word(const StepCell& cell) {
  switch (cell.kind) {
    case StepCell::Kind::kGo: return std::string(to_string(cell.next));
    case StepCell::Kind::kIgnore: return "-";
    case StepCell::Kind::kReject: return "!";
  }
  return "";
}

StepState step_state(std::size_t index) { return static_cast<StepState>(index); }
StepInput step_input(std::size_t index) { return static_cast<StepInput>(index); }

void add_jobs(std::string& page) {
  for (std::size_t s = 0; s < kJobStates; ++s) {
    const JobState state = static_cast<JobState>(s);
    add(page, "| `{}` | {} |\n", code(state), phrase(state));
  }
  page += kJobRules;
  add(page, "| state |");
  for (std::size_t c = 0; c < kJobCommands; ++c) {
    add(page, " {} |", to_string(static_cast<JobCommand>(c)));
  }
  page += "\n|---|---|---|---|---|\n";
  for (std::size_t s = 0; s < kJobStates; ++s) {
    add(page, "| `{}` |", code(static_cast<JobState>(s)));
    for (std::size_t c = 0; c < kJobCommands; ++c) {
      add(page, " {} |", word(on(static_cast<JobState>(s), static_cast<JobCommand>(c))));
    }
    page += '\n';
  }
}

void add_edges(std::string& page, StepState state) {
  for (std::size_t i = 0; i < kStepInputs; ++i) {
    const StepCell cell = on(state, step_input(i));
    if (cell.kind != StepCell::Kind::kGo) continue;
    add(page, "    {} --> {}: {}\n", to_string(state), to_string(cell.next),
        to_string(step_input(i)));
  }
  if (is_final(state)) add(page, "    {} --> [*]\n", to_string(state));
}

void add_table(std::string& page) {
  add(page, "| state |");
  for (std::size_t i = 0; i < kStepInputs; ++i) add(page, " {} |", to_string(step_input(i)));
  page += "\n|---|";
  for (std::size_t i = 0; i < kStepInputs; ++i) page += "---|";
  page += '\n';
  for (std::size_t s = 0; s < kStepStates; ++s) {
    add(page, "| {} |", to_string(step_state(s)));
    for (std::size_t i = 0; i < kStepInputs; ++i) {
      add(page, " {} |", word(on(step_state(s), step_input(i))));
    }
    page += '\n';
  }
}

}  // namespace

std::string states_page() {
  std::string page(kHead);
  add_jobs(page);
  page += kStepRules;
  for (std::size_t s = 0; s < kStepStates; ++s) add_edges(page, step_state(s));
  page += kTableHead;
  add_table(page);
  return page;
}

}  // namespace jobq::sched
