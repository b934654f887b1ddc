// SPDX-License-Identifier: Apache-2.0
// The table of settings, and reading and describing over it.
#include "conf/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "base/nearest.h"
#include "conf/document.h"
#include "conf/scalars.h"

namespace jobq::conf {
namespace {

using Counts = std::vector<resmgr::Count>;
using Names = std::vector<std::string>;
// Where a setting is kept; its type says how it is written.
using Slot = std::variant<std::string*, Millis*, std::uint32_t*, std::optional<std::uint32_t>*,
                          std::optional<Bytes>*, Names*, Counts*, resmgr::Backfill*>;

enum class Form { kPath, kAddress, kName, kDuration, kNumber, kSize, kNames, kCounts, kBackfill };

struct Setting {
  std::string_view name;
  Form form;
  Slot (*slot)(Settings&);
  std::int64_t least;  // of kDuration in seconds, of kNumber
  std::int64_t most;
  std::string_view fallback;  // in words; empty: the value itself
  std::string_view meaning;
};

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kYears = 36500 * kDay;
constexpr std::int64_t kMany = 1'000'000;

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
    Setting{"controller.keep_jobs", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.keep_jobs; }, 0, kYears, "",
            "how long ended jobs stay in the history"},
    Setting{"controller.keep_keys", Form::kDuration,
            [](Settings& s) -> Slot { return &s.controller.keep_keys; }, 60, kYears, "",
            "how long a submission key is remembered"},
    Setting{"controller.max_connections", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.max_connections; }, 1, kMany, "",
            "how many users and nodes may be connected at once"},
    Setting{"controller.operators", Form::kNames,
            [](Settings& s) -> Slot { return &s.controller.operators; }, 0, 0, "none",
            "users who may act on everybody's jobs"},
    Setting{"controller.flight_recorder", Form::kSize,
            [](Settings& s) -> Slot { return &s.controller.flight_recorder; }, 0, 0, "256M",
            "space for the recordings that `jq admin replay` shows again; 0: none are made"},
    Setting{"scheduling.backfill", Form::kBackfill,
            [](Settings& s) -> Slot { return &s.controller.scheduling.backfill; }, 0, 0, "easy",
            "how far lower jobs may overtake higher ones that cannot start"},
    Setting{"scheduling.depth", Form::kNumber,
            [](Settings& s) -> Slot { return &s.controller.scheduling.depth; }, 1, 1000, "",
            "how many jobs conservative backfilling does not delay"},
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
    Setting{"node.heartbeat", Form::kDuration,
            [](Settings& s) -> Slot { return &s.node.heartbeat; }, 1, 600, "",
            "how often the node says that it is there"},
    Setting{"node.grace", Form::kDuration, [](Settings& s) -> Slot { return &s.node.grace; }, 0,
            3600, "", "time between TERM and KILL for a step that must end"},
    Setting{"client.socket", Form::kPath, [](Settings& s) -> Slot { return &s.client.socket; }, 0,
            0, "that of the user's controller, then the system's", "Unix socket of the controller"},
    Setting{"client.controller", Form::kAddress,
            [](Settings& s) -> Slot { return &s.client.controller; }, 0, 0, "none",
            "address of the controller, where it is remote"},
    Setting{"client.key", Form::kPath, [](Settings& s) -> Slot { return &s.client.key; }, 0, 0,
            "none", "file with the cluster key, for a remote controller"},
};

constexpr std::array<std::string_view, 4> kSections = {"controller", "scheduling", "node",
                                                       "client"};

// --- reading ------------------------------------------------------------------------------------

// "ADDR:PORT", "[ADDR]:PORT".
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool digits =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || port.empty() || port.size() > 5 || std::stoi(std::string(port)) > 65535)
    return false;
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return bracketed ? host.size() > 2 : host.find(':') == std::string_view::npos;
}

void read_form(const Node& node, const Setting& setting, std::string& out, FaultSink& faults) {
  const bool is_string = node.kind == Node::Kind::kString;
  switch (setting.form) {
    case Form::kPath:
      if (!is_string || !node.text.starts_with('/')) {
        refuse(node, "a path from the root, like \"/var/lib/jobq\"", faults);
      }
      break;
    case Form::kAddress:
      if (!is_string || !is_address(node.text)) {
        refuse(node, "an address like \"10.0.0.1:7800\" or \"[::1]:7800\"", faults);
      }
      break;
    default:
      if (!is_string || !resmgr::valid_name(node.text)) {
        refuse(node, "a name of letters, digits, '.', '_' and '-'", faults);
      }
  }
  out = node.text;
}

void read_value(const Node& node, const Setting& setting, Millis& out, FaultSink& faults) {
  const Millis least = seconds(setting.least);
  const Millis most = seconds(setting.most);
  if (!read_duration(node, out, faults) || (least <= out && out <= most)) return;
  refuse(node, fmt::format("a duration of {} to {}", format_duration(least), format_duration(most)),
         faults);
}

void read_value(const Node& node, const Setting& setting, std::uint32_t& out, FaultSink& faults) {
  std::int64_t number = 0;
  read_number(node, setting.least, setting.most, number, faults);
  out = static_cast<std::uint32_t>(number);
}

void read_value(const Node& node, const Setting& setting, std::optional<std::uint32_t>& out,
                FaultSink& faults) {
  read_value(node, setting, out.emplace(), faults);
}

void read_value(const Node& node, const Setting& /*setting*/, std::optional<Bytes>& out,
                FaultSink& faults) {
  read_size(node, out.emplace(), faults);
}

void read_value(const Node& node, const Setting& /*setting*/, Names& out, FaultSink& faults) {
  read_words(node, out, faults);
}

void read_value(const Node& node, const Setting& /*setting*/, Counts& out, FaultSink& faults) {
  read_counts(node, out, faults);
  if (node.kind != Node::Kind::kTable) return;
  for (const Node& child : node.children) {
    if (resmgr::valid_name(child.key)) continue;
    faults.add(child.key_place, fmt::format("'{}' is not a name of a resource", child.key));
  }
}

void read_value(const Node& node, const Setting& /*setting*/, resmgr::Backfill& out,
                FaultSink& faults) {
  using resmgr::Backfill;
  for (const Backfill one : {Backfill::kNone, Backfill::kEasy, Backfill::kConservative}) {
    if (node.kind != Node::Kind::kString || node.text != to_string(one)) continue;
    out = one;
    return;
  }
  refuse(node, "\"none\", \"easy\" or \"conservative\"", faults);
}

void read_value(const Node& node, const Setting& setting, std::string& out, FaultSink& faults) {
  read_form(node, setting, out, faults);
}

const Setting* find_setting(std::string_view section, std::string_view key) {
  const auto at = std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& setting) {
    return setting.name.starts_with(section) && setting.name.substr(section.size() + 1) == key;
  });
  return at == kSettings.end() ? nullptr : &*at;
}

void add_unknown_setting(const Node& node, const std::string& section, FaultSink& faults) {
  std::vector<std::string_view> known;
  for (const Setting& setting : kSettings) {
    if (setting.name.starts_with(section + '.'))
      known.push_back(setting.name.substr(section.size() + 1));
  }
  faults.add(node.key_place, fmt::format("unknown setting '{}' in [{}]{}", node.key, section,
                                         did_you_mean(node.key, known)));
}

void read_section_of(const Node& section, Settings& out, FaultSink& faults) {
  if (section.kind != Node::Kind::kTable) {
    refuse(section, fmt::format("the section [{}]", section.key), faults);
    return;
  }
  for (const Node& node : section.children) {
    const Setting* setting = find_setting(section.key, node.key);
    if (setting == nullptr) {
      add_unknown_setting(node, section.key, faults);
      continue;
    }
    std::visit([&](auto* slot) { read_value(node, *setting, *slot, faults); }, setting->slot(out));
  }
}

// --- describing ---------------------------------------------------------------------------------

std::string_view type_name(Form form) {
  switch (form) {
    case Form::kPath: return "path";
    case Form::kAddress: return "address";
    case Form::kName: return "name";
    case Form::kDuration: return "duration";
    case Form::kNumber: return "whole number";
    case Form::kSize: return "size";
    case Form::kNames: return "list of names";
    case Form::kCounts: return "table of counts";
    case Form::kBackfill: return "none, easy or conservative";
  }
  return "";
}

std::string range_of(const Setting& setting) {
  if (setting.form == Form::kNumber) return fmt::format("{} to {}", setting.least, setting.most);
  if (setting.form != Form::kDuration) return {};
  return fmt::format("{} to {}", format_duration(seconds(setting.least)),
                     format_duration(seconds(setting.most)));
}

std::string fallback_of(const Setting& setting) {
  if (!setting.fallback.empty()) return std::string(setting.fallback);
  Settings defaults;
  const Slot slot = setting.slot(defaults);
  if (const auto* duration = std::get_if<Millis*>(&slot)) return format_duration(**duration);
  if (const auto* number = std::get_if<std::uint32_t*>(&slot)) return std::to_string(**number);
  return {};
}

}  // namespace

Parsed<Settings> parse_settings(std::string_view text, const std::string& file) {
  FaultSink faults(file);
  Parsed<Settings> parsed;
  Node root;
  if (parse_toml(without_mark(text), root, faults)) {
    for (const Node& node : root.children) {
      if (std::find(kSections.begin(), kSections.end(), node.key) != kSections.end()) {
        read_section_of(node, parsed.value, faults);
        continue;
      }
      faults.add(node.key_place,
                 fmt::format("unknown section '{}'{}", node.key,
                             did_you_mean(node.key, {kSections.begin(), kSections.end()})));
    }
  }
  parsed.faults = faults.take();
  return parsed;
}

std::vector<SettingRow> setting_rows() {
  std::vector<SettingRow> rows;
  for (const Setting& setting : kSettings) {
    rows.push_back({std::string(setting.name), std::string(type_name(setting.form)),
                    range_of(setting), fallback_of(setting), std::string(setting.meaning)});
  }
  return rows;
}

}  // namespace jobq::conf
