// SPDX-License-Identifier: Apache-2.0
// The table of verbs.
#include "cmd/verbs.h"

#include <algorithm>
#include <array>

namespace jobq::cmd {
namespace {

constexpr std::array kVerbs = {
    Verb{"submit", "submit a command, a script, a ticket, or many tickets", run_submit,
         VerbGroup::kJobs},
    Verb{"hold", "hold jobs; a running one is suspended", run_hold, VerbGroup::kJobs},
    Verb{"release", "release held jobs", run_release, VerbGroup::kJobs},
    Verb{"cancel", "cancel jobs or one step, or send a signal", run_cancel, VerbGroup::kJobs},
    Verb{"wait", "block until jobs are final, and pass their outcome on", run_wait,
         VerbGroup::kJobs},
    Verb{"queue", "what is in the queue", run_queue, VerbGroup::kLooking},
    Verb{"show", "everything about a job, a class, a node, a resource", run_show,
         VerbGroup::kLooking},
    Verb{"why", "why a job does not run, and what would change it", run_why, VerbGroup::kLooking},
    Verb{"output", "what a job's steps wrote; -f follows it live", run_output, VerbGroup::kLooking},
    Verb{"history", "jobs that ended", run_history, VerbGroup::kLooking},
    Verb{"give", "bring files from a node or a storage area, or to one", run_give,
         VerbGroup::kJobs},
    Verb{"dispose", "carry files to a node or a storage area", run_dispose, VerbGroup::kJobs},
    Verb{"inquire", "are files there, and what are they", run_inquire, VerbGroup::kLooking},
    Verb{"class", "register, list, show, retire job classes", run_class, VerbGroup::kCluster},
    Verb{"node", "list, show, drain, resume, forget nodes; alone: the node daemon", run_node,
         VerbGroup::kCluster},
    Verb{"resource", "create, list, remove named resources", run_resource, VerbGroup::kCluster},
    Verb{"event", "send, receive, list, drop events between flows", run_event, VerbGroup::kCluster},
    Verb{"simulate", "run a workload on a simulated cluster", run_simulate, VerbGroup::kCluster},
    Verb{"recur", "tickets that are submitted again and again, by a calendar", run_recur,
         VerbGroup::kCluster},
    Verb{"report", "inside a step: its outcome and event value", run_report, VerbGroup::kCluster},
    Verb{"admin", "replay what a controller recorded", run_admin, VerbGroup::kCluster},
    Verb{"up", "run a controller and a node in one", run_up, VerbGroup::kDaemons},
    Verb{"controller", "run the controller", run_controller, VerbGroup::kDaemons},
    Verb{"help", "help on a verb", run_help, VerbGroup::kOther},
    Verb{"version", "the version of this program", run_version, VerbGroup::kOther},
    Verb{"keeper", "the launching half of a node; started by the node daemon", run_keeper,
         VerbGroup::kHidden},
};

}  // namespace

std::span<const Verb> all_verbs() { return kVerbs; }

const Verb* find_verb(std::string_view name) {
  const auto* at = std::find_if(kVerbs.begin(), kVerbs.end(),
                                [&](const Verb& verb) { return verb.name == name; });
  return at == kVerbs.end() ? nullptr : at;
}

}  // namespace jobq::cmd
