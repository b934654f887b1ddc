// SPDX-License-Identifier: Apache-2.0
// Which options of simulate go with what, and how great their numbers may be.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cmd/simulate.h"

namespace jobq::cmd {
namespace {

// What is simulated; an option may go with several.
enum Mode : unsigned { kTrace = 1, kSynthetic = 2, kLive = 4 };
constexpr unsigned kWorkload = kTrace | kSynthetic;

struct OptionModes {
  std::string_view option;
  unsigned modes;
  bool checks = false;  // goes with --check, where nothing is simulated
};

// Those that are not here go with everything.
constexpr std::array kModes = {
    OptionModes{"--cpus", kWorkload, true},
    OptionModes{"--nodes", kWorkload, true},
    OptionModes{"--cpus-per-node", kWorkload, true},
    OptionModes{"--dispatch-cost", kWorkload},
    OptionModes{"--dispatch-parallel", kWorkload},
    OptionModes{"--node-mtbf", kWorkload},
    OptionModes{"--node-repair", kWorkload},
    OptionModes{"--policy", kWorkload | kLive},
    OptionModes{"--depth", kWorkload | kLive},
    OptionModes{"--synthetic", kSynthetic, true},
    OptionModes{"--jobs", kSynthetic, true},
    OptionModes{"--arrival", kSynthetic, true},
    OptionModes{"--run", kSynthetic, true},
    OptionModes{"--cpus-per-job", kSynthetic, true},
    OptionModes{"--limit-factor", kSynthetic, true},
    OptionModes{"--shapes", kSynthetic, true},
    OptionModes{"--seed", kWorkload, true},
    OptionModes{"--add-nodes", kLive},
    OptionModes{"--drain", kLive},
    OptionModes{"--limit", kLive},
    OptionModes{"--estimate", kLive},
    OptionModes{"--schedule", kWorkload},
    OptionModes{"--check", kWorkload, true},
    OptionModes{"--json", kWorkload | kLive},
    OptionModes{"--socket", kLive},
    OptionModes{"--controller", kLive},
    OptionModes{"--cluster-key", kLive},
    OptionModes{"--config", kLive},
};

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kUsage, std::move(message));
}

Mode mode_of(const SimulateOptions& options) {
  if (options.live) return kLive;
  return options.synthetic ? kSynthetic : kTrace;
}

std::string_view name_of(unsigned modes) {
  if (modes == kWorkload) return "a trace or --synthetic";
  if (modes == kTrace) return "a trace";
  return modes == kSynthetic ? "--synthetic" : "--live";
}

Result<void> check_modes(const SimulateOptions& options) {
  const Mode mode = mode_of(options);
  for (const std::string& given : options.given) {
    const auto* row = std::ranges::find(kModes, given, &OptionModes::option);
    if (row == kModes.end()) continue;
    if ((row->modes & mode) == 0) {
      return usage(fmt::format("{} does not go with {}; it is for {}", given, name_of(mode),
                               name_of(row->modes)));
    }
    if (options.check && !row->checks) {
      return usage(fmt::format("{} does not go with --check, which simulates nothing", given));
    }
  }
  return {};
}

Result<void> check_range(std::string_view option, std::optional<std::uint32_t> value,
                         std::uint32_t least, std::uint32_t most) {
  if (!value || (*value >= least && *value <= most)) return {};
  return usage(
      fmt::format("{}: {} is out of range; expected {} to {}", option, *value, least, most));
}

Result<void> check_range(std::string_view option, std::optional<Millis> value) {
  if (!value || (value->count >= 1 && *value <= sim::kLongestLimit)) return {};
  return usage(fmt::format("{}: {} is out of range; expected a millisecond to {}", option,
                           format_duration(*value), format_duration(sim::kLongestLimit)));
}

}  // namespace

Result<void> check_options(const SimulateOptions& options) {
  const std::array checks = {
      check_modes(options),
      check_range("--cpus", options.cpus, 1, sim::kMostProcessors),
      check_range("--nodes", options.nodes, 1, kMostNodes),
      check_range("--cpus-per-node", options.cpus_per_node, 1, kMostCpusPerNode),
      check_range("--depth", options.depth, 1, kMostDepth),
      check_range("--jobs", options.jobs, 1, kMostMadeUp),
      check_range("--shapes", options.shapes, 0, kMostShapes),
      check_range("--node-repair", options.node_repair),
      check_range("--estimate", options.estimate),
  };
  for (const Result<void>& checked : checks) {
    if (!checked) return checked;
  }
  return {};
}

}  // namespace jobq::cmd
