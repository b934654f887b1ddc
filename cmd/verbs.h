// SPDX-License-Identifier: Apache-2.0
// The verbs: one table of name, summary and function. It drives dispatch, `help`, and the check of
// what belongs to us when we are invoked as `jq`. To add a verb, see docs/adding-a-verb.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace jobq::cmd {

using Words = std::vector<std::string>;

// The exit code, or an error that dispatch prints and turns into one.
using VerbFunction = Result<int> (*)(const Words& words);

enum class VerbGroup { kJobs, kLooking, kCluster, kDaemons, kOther, kHidden };

struct Verb {
  std::string_view name;
  std::string_view summary;
  VerbFunction run;
  VerbGroup group;
};

std::span<const Verb> all_verbs();  // in the order of `help`
const Verb* find_verb(std::string_view name);

// One function a verb, each in the file of its name.
Result<int> run_admin(const Words& words);
Result<int> run_cancel(const Words& words);
Result<int> run_class(const Words& words);
Result<int> run_controller(const Words& words);
Result<int> run_event(const Words& words);
Result<int> run_dispose(const Words& words);
Result<int> run_give(const Words& words);
Result<int> run_help(const Words& words);
Result<int> run_history(const Words& words);
Result<int> run_hold(const Words& words);
Result<int> run_inquire(const Words& words);
Result<int> run_keeper(const Words& words);
Result<int> run_node(const Words& words);
Result<int> run_output(const Words& words);
Result<int> run_queue(const Words& words);
Result<int> run_recur(const Words& words);
Result<int> run_release(const Words& words);
Result<int> run_report(const Words& words);
Result<int> run_resource(const Words& words);
Result<int> run_show(const Words& words);
Result<int> run_simulate(const Words& words);
Result<int> run_submit(const Words& words);
Result<int> run_up(const Words& words);
Result<int> run_version(const Words& words);
Result<int> run_wait(const Words& words);
Result<int> run_why(const Words& words);

}  // namespace jobq::cmd
