// SPDX-License-Identifier: Apache-2.0
// The options that say a job: on the command line of submit, and on the #JQ lines of scripts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/when.h"
#include "cmd/options.h"
#include "sched/index_set.h"
#include "sched/spec.h"

namespace jobq::cmd {

struct JobOptions {
  std::optional<std::string> name;
  std::optional<int> priority;
  std::optional<Millis> time;
  std::optional<std::string> element;
  bool hold = false;
  std::optional<When> begin;
  std::optional<When> deadline;
  std::vector<std::string> after;  // "41", "41.ended+5m", "NAME"
  std::optional<std::string> after_never;
  std::optional<std::string> key;
  std::optional<sched::ArraySpec> array;
  // needs
  std::optional<std::uint32_t> cpus;
  std::optional<Bytes> memory;
  std::optional<std::uint32_t> gpus;
  std::vector<std::string> counts;  // "NAME=N"
  std::vector<std::string> exclusive;
  std::vector<std::string> tokens;  // "NAME=N"
  std::vector<std::string> features;
  std::optional<std::uint32_t> nodes;
  std::optional<std::string> service;
  // where and with what it runs
  std::vector<std::string> params;  // "K=V"
  std::vector<std::string> env;     // "NAME" or "NAME=VALUE"
  bool export_env = false;
  std::optional<std::string> workdir;
  std::optional<std::string> output;
  std::optional<std::string> error;
  bool append = false;
  std::optional<std::uint32_t> umask;
  std::vector<sched::ResourceLimit> limits;
  std::optional<sched::Warning> signal;
  std::optional<std::uint32_t> retry;
  std::optional<Millis> retry_delay;
  bool elsewhere = false;

  bool has_needs() const {
    return cpus || memory || gpus || !counts.empty() || !exclusive.empty() || !tokens.empty() ||
           nodes || service || !features.empty();
  }
};

void add_job_options(Options& options, JobOptions& to);

// The options of a script's #JQ lines; an error names file and line.
Result<JobOptions> script_options(std::string_view script, const std::string& file);

// What `over` says wins; environment and parameters add up, by name.
std::vector<sched::ResourceLimit> overlaid(std::vector<sched::ResourceLimit> under,
                                           const std::vector<sched::ResourceLimit>& over);
JobOptions overlaid(JobOptions under, const JobOptions& over);

}  // namespace jobq::cmd
