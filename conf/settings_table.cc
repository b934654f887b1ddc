// SPDX-License-Identifier: Apache-2.0
// The rows of the table of settings.
#include "conf/settings_table.h"

#include <array>

namespace jobq::conf {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kYears = 36500 * kDay;
constexpr std::int64_t kMany = 1'000'000;
constexpr std::int64_t kMostJobs = 1'000'000'000;
constexpr std::string_view kNoBound = "no bound";

// A cap of the section that is being read: the last one of its kind.
template <auto sections, auto cap>
Slot cap_of_last(Settings& settings) {
  return &((settings.controller.policy.*sections).back().caps.*cap);
}

// One row a setting, in the order of the man page.
constexpr std::array kSettings = {
    Setting{"controller.state", Form::kPath,
            [](Settings& s) -> Slot { return &s.controller.state; }, 0, 0,
            "/var/lib/jobq for root, else in the user's XDG state directory",
            "directory of the journal and the cluster key"},
    Setting{"controller.socket", Form::kPath,
            [](Settings& s) -> Slot { return &s.controller.socket; }, 0, 0,
            "/run/jobq for root, else in the user's XDG runtime directory",
            "Unix socket for local users"},
    Setting{"controller.listen", Form::kAddress,
            [](Settings& s) -> Slot { return &s.controller.listen; }, 0, 0, "none",
            "address for nodes and remote users"},
    Setting{"controller.key", Form::kPath, [](Settings& s) -> Slot { return &s.controller.key; }, 0,
            0, "cluster.key in the state directory", "file with the cluster key"},
    Setting{"controller.node_timeout", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.node_timeout; }, 1, 3600, "",
            "a node that is silent for longer is lost"},
    Setting{"controller.lease", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.lease; }, 1, 86400, "",
            "a node that does not reach the controller for so long ends what may be started "
            "elsewhere"},
    Setting{"controller.keep_jobs", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.keep_jobs; }, 0, kYears, "",
            "how long ended jobs stay in the history"},
    Setting{"controller.keep_keys", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.policy.keep_keys; }, 60, kYears, "",
            "how long a submission key is remembered"},
    Setting{"controller.max_connections", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.max_connections; }, 1, kMany, "",
            "how many users and nodes may be connected at once"},
    Setting{"controller.operators", Form::kUsers,
            [](Settings& s) -> Slot { return &s.controller.operators; }, 0, 0, "none",
            "users who may act on everybody's jobs"},
    Setting{"controller.flight_recorder", Form::kSize,
            [](Settings& s) -> Slot { return &s.controller.flight_recorder; }, 0, 0, "256M",
            "space for the recordings that `jq admin replay` shows again; 0: none are made"},
    Setting{"controller.spool", Form::kPath,
            [](Settings& s) -> Slot { return &s.controller.spool; }, 0, 0, "none",
            "directory from which tickets are taken and submitted as their owners"},
    Setting{"controller.keep_spooled", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.keep_spooled; }, 60, kYears, "",
            "how long files that were taken from the spool directory are kept"},
    Setting{"scheduling.backfill", Form::kBackfill,
            [](Settings& s) -> Slot { return &s.controller.policy.scheduling.backfill; }, 0, 0,
            "easy", "how far lower jobs may overtake higher ones that cannot start"},
    Setting{"scheduling.depth", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.scheduling.depth; }, 1, 1000, "",
            "how many jobs conservative backfilling does not delay"},
    Setting{"priority.age", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.priority.age; }, 0, 1000, "",
            "points for each day that a job has waited"},
    Setting{"priority.size", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.priority.size; }, -1000, 1000, "",
            "points for each processor that a job asks for"},
    Setting{"priority.fair_share", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.priority.fair_share; }, 0, kMany,
            "", "points for the jobs of who has used nothing of late; less for who has"},
    Setting{"priority.half_life", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.policy.priority.half_life; }, 3600,
            1000 * kDay, "", "after so long, what somebody used counts half for fair share"},
    Setting{"limits.running", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.all.running; }, 0, kMostJobs,
            kNoBound, "how many jobs may run at a time"},
    Setting{"limits.waiting", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.all.waiting; }, 0, kMostJobs,
            kNoBound, "how many jobs may wait for their start"},
    Setting{"limits.user_running", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.each_user.running; }, 0,
            kMostJobs, kNoBound, "how many jobs of each user may run at a time"},
    Setting{"limits.user_waiting", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.each_user.waiting; }, 0,
            kMostJobs, kNoBound, "how many jobs of each user may wait for their start"},
    Setting{"element.NAME.nodes", Form::kPatterns,
            [](Settings& s) -> Slot { return &s.controller.policy.elements.back().nodes; }, 0, 0,
            "none, at least one must be named", "nodes that belong to the element", true},
    Setting{"element.NAME.priority", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.elements.back().points; }, -kMany,
            kMany, "", "points for jobs that ask for the element"},
    Setting{"element.NAME.default_limit", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.policy.elements.back().default_limit; },
            1, kYears, "that of max_limit, else none", "time limit of its jobs that have none"},
    Setting{"element.NAME.max_limit", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.policy.elements.back().max_limit; }, 1,
            kYears, "none", "longest time limit of its jobs; with a longer one they are refused"},
    Setting{"element.NAME.running", Form::kNumber,
            cap_of_last<&sched::Policy::elements, &sched::Caps::running>, 0, kMostJobs, kNoBound,
            "how many of its jobs may run at a time"},
    Setting{"element.NAME.waiting", Form::kNumber,
            cap_of_last<&sched::Policy::elements, &sched::Caps::waiting>, 0, kMostJobs, kNoBound,
            "how many of its jobs may wait for their start"},
    Setting{"user.NAME.running", Form::kNumber,
            cap_of_last<&sched::Policy::users, &sched::Caps::running>, 0, kMostJobs, kNoBound,
            "how many jobs of this user may run at a time"},
    Setting{"user.NAME.waiting", Form::kNumber,
            cap_of_last<&sched::Policy::users, &sched::Caps::waiting>, 0, kMostJobs, kNoBound,
            "how many jobs of this user may wait for their start"},
    Setting{"class.NAME.running", Form::kNumber,
            cap_of_last<&sched::Policy::classes, &sched::Caps::running>, 0, kMostJobs, kNoBound,
            "how many jobs of this class may run at a time"},
    Setting{"class.NAME.waiting", Form::kNumber,
            cap_of_last<&sched::Policy::classes, &sched::Caps::waiting>, 0, kMostJobs, kNoBound,
            "how many jobs of this class may wait for their start"},
    Setting{"account.NAME.shares", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.policy.accounts.back().shares; }, 1,
            kMany, "", "its part of the whole, beside the shares of the other accounts"},
    Setting{"account.NAME.users", Form::kUsers,
            [](Settings& s) -> Slot { return &s.controller.policy.accounts.back().users; }, 0, 0,
            "none", "users of the account, who share what it has"},
    Setting{"area.NAME.path", Form::kPath,
            [](Settings& s) -> Slot { return &s.controller.areas.back().path; }, 0, 0,
            "none, it must be given",
            "directory of the storage area, for give, dispose and inquire", true},
    Setting{"area.NAME.node", Form::kName,
            [](Settings& s) -> Slot { return &s.controller.areas.back().node; }, 0, 0,
            "the directory is the same on every machine", "name of the node that has it"},
    Setting{"area.NAME.quota", Form::kSize,
            [](Settings& s) -> Slot { return &s.controller.areas.back().quota; }, 0, 0, "none",
            "how much may lie in it; what would be more is refused"},
    Setting{"node.name", Form::kName, [](Settings& s) -> Slot { return &s.node.name; }, 0, 0,
            "the name of the host", "name of the node"},
    Setting{"node.controller", Form::kAddress,
            [](Settings& s) -> Slot { return &s.node.controller; }, 0, 0, "none",
            "address of the controller"},
    Setting{"node.state", Form::kPath, [](Settings& s) -> Slot { return &s.node.state; }, 0, 0,
            "/var/lib/jobq for root, else in the user's XDG state directory",
            "directory of what the node keeps"},
    Setting{"node.socket", Form::kPath, [](Settings& s) -> Slot { return &s.node.socket; }, 0, 0,
            "node.sock in the state directory", "Unix socket for the steps of the node"},
    Setting{"node.key", Form::kPath, [](Settings& s) -> Slot { return &s.node.key; }, 0, 0,
            "cluster.key in the state directory", "file with the cluster key"},
    Setting{"node.cpus", Form::kNumber, [](Settings& s) -> Slot { return &s.node.cpus; }, 0, kMany,
            "those of the machine", "processors that the node offers"},
    Setting{"node.memory", Form::kSize, [](Settings& s) -> Slot { return &s.node.memory; }, 0, 0,
            "that of the machine", "memory that the node offers"},
    Setting{"node.gpus", Form::kNumber, [](Settings& s) -> Slot { return &s.node.gpus; }, 0, kMany,
            "those of the machine", "graphics processors that the node offers"},
    Setting{"node.resources", Form::kCounts, [](Settings& s) -> Slot { return &s.node.counts; }, 0,
            0, "none", "other counts that the node offers, by name"},
    Setting{"node.features", Form::kFeatures, [](Settings& s) -> Slot { return &s.node.features; },
            0, 0, "none",
            "what the node has that jobs may ask for and that is not counted, by name"},
    Setting{"node.heartbeat", Form::kDuration,
            [](Settings& s) -> Slot { return &s.node.heartbeat; }, 1, 600, "",
            "how often the node says that it is there"},
    Setting{"node.grace", Form::kDuration, [](Settings& s) -> Slot { return &s.node.grace; }, 0,
            3600, "", "time between TERM and KILL for a step that must end"},
    Setting{"node.keep_outputs", Form::kDuration,
            [](Settings& s) -> Slot { return &s.node.keep_outputs; }, 0, kYears, "",
            "how long the node keeps what steps wrote"},
    Setting{"node.output_space", Form::kSize,
            [](Settings& s) -> Slot { return &s.node.output_space; }, 0, 0, "10G",
            "space on disk for what steps that ended wrote"},
    Setting{"node.keeper", Form::kKeeper, [](Settings& s) -> Slot { return &s.node.keeper; }, 0, 0,
            "agent", "who starts the keeper; the node daemon waits for one that is a service"},
    Setting{"service.NAME.spec", Form::kText,
            [](Settings& s) -> Slot { return &s.node.services.back().spec; }, 0, 256, "none",
            "what the service can do, in words of its users; at most 256 bytes"},
    Setting{"service.NAME.body", Form::kText,
            [](Settings& s) -> Slot { return &s.node.services.back().body; }, 0, 1024, "none",
            "how the service is reached, such as an address; at most 1024 bytes"},
    Setting{"service.NAME.ttl", Form::kDuration,
            [](Settings& s) -> Slot { return &s.node.services.back().ttl; }, 1, kDay, "",
            "the service is gone where the node has not said for so long that it is offered"},
    Setting{"client.socket", Form::kPath, [](Settings& s) -> Slot { return &s.client.socket; }, 0,
            0, "that of the user's controller, then the system's", "Unix socket of the controller"},
    Setting{"client.controller", Form::kAddress,
            [](Settings& s) -> Slot { return &s.client.controller; }, 0, 0, "none",
            "address of the controller, where it is remote"},
    Setting{"client.key", Form::kPath, [](Settings& s) -> Slot { return &s.client.key; }, 0, 0,
            "none", "file with the cluster key, for a remote controller"},
};

constexpr std::array<std::string_view, 6> kSections = {"controller", "scheduling", "priority",
                                                       "limits",     "node",       "client"};

template <class List>
void add_to(List& list, const std::string& name) {
  list.emplace_back().name = name;
}

constexpr std::array kNamedSections = {
    NamedSection{
        "element", true,
        [](Settings& s, const std::string& name) { add_to(s.controller.policy.elements, name); }},
    NamedSection{
        "user", false,
        [](Settings& s, const std::string& name) { add_to(s.controller.policy.users, name); }},
    NamedSection{
        "class", true,
        [](Settings& s, const std::string& name) { add_to(s.controller.policy.classes, name); }},
    NamedSection{
        "account", true,
        [](Settings& s, const std::string& name) { add_to(s.controller.policy.accounts, name); }},
    NamedSection{"area", true,
                 [](Settings& s, const std::string& name) { add_to(s.controller.areas, name); }},
    NamedSection{"service", true,
                 [](Settings& s, const std::string& name) { add_to(s.node.services, name); }},
};

}  // namespace

std::string_view to_string(KeeperStart start) {
  return start == KeeperStart::kService ? "service" : "agent";
}

std::span<const Setting> setting_table() { return kSettings; }
std::span<const std::string_view> plain_sections() { return kSections; }
std::span<const NamedSection> named_sections() { return kNamedSections; }

std::string label_of(const NamedSection& section) { return std::string(section.name) + ".NAME"; }

}  // namespace jobq::conf
