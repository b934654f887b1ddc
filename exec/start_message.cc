// SPDX-License-Identifier: Apache-2.0
// Building the keeper's start message.
#include "exec/start_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "exec/ledger.h"
#include "exec/wire.h"

namespace jobq::exec {
namespace {

constexpr const char* kRootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

using Variables = std::map<std::string, std::string>;

std::string joined(const google::protobuf::RepeatedField<std::uint32_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

void add_user(const User& user, bool is_root, Variables& variables) {
  variables["HOME"] = user.home;
  variables["USER"] = user.name;
  variables["LOGNAME"] = user.name;
  variables["SHELL"] = user.shell;
  variables["PATH"] = is_root ? kRootPath : kUserPath;
  variables["LANG"] = "C.UTF-8";
}

void add_grants(const wire::Launch& launch, Variables& variables) {
  if (launch.cpus() > 0) variables["JOBQ_CPUS"] = std::to_string(launch.cpus());
  if (launch.memory() > 0) variables["JOBQ_MEMORY"] = std::to_string(launch.memory());
  if (launch.gpus_size() == 0) return;
  variables["JOBQ_GPUS"] = joined(launch.gpus());
  variables["CUDA_VISIBLE_DEVICES"] = joined(launch.gpus());
}

constexpr std::uint64_t kMostProcesses = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kProcesses = "processes";  // of the whole step, not of setrlimit(2)

void add_limits(const wire::Launch& launch, pb::Start& start) {
  start.set_cpus(launch.cpus());
  start.set_memory(launch.memory());
  if (launch.has_umask()) start.set_umask(launch.umask());
  for (const wire::ResourceLimit& asked : launch.limits()) {
    if (asked.name() == kProcesses) {
      const auto most = std::min(asked.soft(), asked.hard());
      start.set_processes(most > kMostProcesses ? 0 : static_cast<std::uint32_t>(most));
      continue;
    }
    pb::ResourceLimit& limit = *start.add_limits();
    limit.set_name(asked.name());
    limit.set_soft(asked.soft());
    limit.set_hard(asked.hard());
  }
}

bool can_be_a_name(const std::string& name) {
  return !name.empty() && name.find('=') == std::string::npos;
}

}  // namespace

std::string with_program_directory(std::string_view path, const std::string& directory) {
  const std::string searched = fmt::format(":{}:", path);
  if (directory.empty() || searched.find(":" + directory + ":") != std::string::npos) {
    return std::string(path);
  }
  return path.empty() ? directory : fmt::format("{}:{}", directory, path);
}

std::vector<std::string> environment_of(const wire::Launch& launch, const User& user,
                                        const NodeFacts& node, const std::string& token) {
  Variables variables;
  add_user(user, launch.uid() == 0, variables);
  add_grants(launch, variables);
  for (const wire::NameValue& variable : launch.env()) {
    if (can_be_a_name(variable.name())) variables[variable.name()] = variable.value();
  }
  variables["PATH"] = with_program_directory(variables["PATH"], node.program_directory);
  variables["JOBQ_NODE"] = node.name;
  variables["JOBQ_NODE_SOCKET"] = node.socket;
  variables["JOBQ_TOKEN"] = token;
  // Whoever runs the daemon inside a step of another one must not be taken for that step.
  variables.erase("JOBQ_MARK");
  std::vector<std::string> all;
  all.reserve(variables.size());
  for (const auto& [name, value] : variables) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

pb::Start start_message(const wire::Launch& launch, const User& user, const NodeFacts& node,
                        const std::string& token) {
  pb::Start start;
  *start.mutable_id() = to_pb(id_of(launch.id()));
  start.set_uid(launch.uid());
  start.set_gid(launch.gid());
  for (const gid_t group : user.groups) start.add_groups(group);
  start.set_user(user.name);
  for (const std::string& word : launch.argv()) start.add_argv(word);
  start.set_script(launch.script());
  for (std::string& variable : environment_of(launch, user, node, token)) {
    start.add_env(std::move(variable));
  }
  start.set_workdir(launch.workdir().empty() ? user.home : launch.workdir());
  start.set_workdir_optional(launch.workdir().empty());
  start.set_output(launch.output());
  start.set_error(launch.error());
  start.set_append_output(launch.append_output());
  start.set_append_error(launch.append_error());
  start.set_fenced(launch.fenced());
  start.set_token(token);
  add_limits(launch, start);
  return start;
}

}  // namespace jobq::exec
