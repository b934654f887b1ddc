// SPDX-License-Identifier: Apache-2.0
// The configuration file jobq.toml: settings of controller, node and client, with their defaults.
//
// One table of settings (name, type, default, range, meaning) drives reading, errors and the man
// page jobq.toml(5), so that they cannot disagree. Command-line options win over the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "conf/fault.h"
#include "resmgr/needs.h"
#include "sched/policy.h"

namespace jobq::conf {

// A section [area.NAME]: a place for files, known to the controller.
struct AreaSettings {
  std::string name;
  std::string path;            // of its directory
  std::string node;            // whose agent has it; empty: the path is the same everywhere
  std::optional<Bytes> quota;  // none: as much as the disk takes
};

struct ControllerSettings {
  std::string state;                       // directory of the journal and the cluster key
  std::string socket;                      // Unix socket for local users
  std::string listen;                      // "ADDR:PORT" for nodes and remote users; empty: none
  std::string key;                         // cluster key file; empty: STATE/cluster.key
  Millis node_timeout = seconds(15);       // a node silent for longer is lost; 1 s to 1 h
  Millis lease = seconds(60);              // of nodes that come over TCP; 1 s to 1 d
  Millis keep_jobs = seconds(30 * 86400);  // how long ended jobs stay in the history
  std::uint32_t max_connections = 4096;
  std::vector<std::string> operators;        // users who may act on everybody's jobs
  std::optional<Bytes> flight_recorder;      // space for recordings, 0: none; none: 256 MiB
  std::string spool;                         // its directory; empty: there is none
  Millis keep_spooled = seconds(7 * 86400);  // files that were taken from it
  std::vector<AreaSettings> areas;
  // keep_keys and the sections [scheduling], [priority], [limits], [element.NAME], [user.NAME],
  // [class.NAME] and [account.NAME]; lists are sorted by name.
  sched::Policy policy;
};

// Who starts a node's keeper: its agent, or a service that the agent waits for.
enum class KeeperStart { kAgent, kService };
std::string_view to_string(KeeperStart start);  // "agent", "service"

// A section [service.NAME].
struct ServiceSettings {
  std::string name;  // its type
  std::string spec;
  std::string body;
  Millis ttl = seconds(60);
};

struct NodeSettings {
  std::string name;
  std::string controller;  // "ADDR:PORT"
  std::string state;
  std::string socket;  // of the agent, for steps; empty: STATE/node.sock
  std::string key;
  std::optional<std::uint32_t> cpus;  // none: what the machine has
  std::optional<Bytes> memory;
  std::optional<std::uint32_t> gpus;
  std::vector<resmgr::Count> counts;  // node.resources in the file
  std::vector<std::string> features;
  std::vector<ServiceSettings> services;
  Millis heartbeat = seconds(5);
  Millis grace = seconds(10);  // between TERM and KILL
  Millis keep_outputs = seconds(30 * 86400);
  std::optional<Bytes> output_space;  // on disk, of all that is kept; none: 10 GiB
  KeeperStart keeper = KeeperStart::kAgent;
};

struct ClientSettings {
  std::string socket;
  std::string controller;
  std::string key;
};

struct Settings {
  ControllerSettings controller;
  NodeSettings node;
  ClientSettings client;
};

// Reads TOML; every section may be missing.
Parsed<Settings> parse_settings(std::string_view text, const std::string& file);

// The rows of the table, for the man page and its staleness test.
struct SettingRow {
  std::string name;      // "controller.node_timeout", "element.NAME.nodes"
  std::string type;      // "duration"
  std::string range;     // "1s to 1h", or empty
  std::string fallback;  // "15s"; in words where the default is no value
  std::string meaning;
};
std::vector<SettingRow> setting_rows();

}  // namespace jobq::conf
