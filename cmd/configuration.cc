// SPDX-License-Identifier: Apache-2.0
// The configuration file on disk.
#include "cmd/configuration.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cmd/paths.h"
#include "cmd/phrases.h"

namespace jobq::cmd {
namespace {

constexpr const char* kSystemConfiguration = "/etc/jobq/jobq.toml";

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// A named pipe has nothing to read until somebody writes into it, perhaps never. A pipe without a
// name comes from a shell that does: --config <(...).
bool is_named_pipe(const std::string& path) {
  struct stat about {};
  struct statfs system {};
  return ::stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode) &&
         ::statfs(path.c_str(), &system) == 0 && system.f_type != PIPEFS_MAGIC;
}

}  // namespace

Result<std::string> find_configuration(const std::optional<std::string>& option) {
  const std::string named = option ? *option : environment("JOBQ_CONFIG");
  if (!named.empty()) {
    if (exists(named)) return named;
    return fail(ErrorCode::kUsage, fmt::format("there is no configuration file {} ({})", named,
                                               option ? "from --config" : "from JOBQ_CONFIG"));
  }
  const std::string directory = user_config_directory();
  if (!directory.empty() && exists(directory + "/jobq.toml")) return directory + "/jobq.toml";
  if (exists(kSystemConfiguration)) return std::string(kSystemConfiguration);
  return std::string();
}

Result<conf::Settings> read_configuration(const std::optional<std::string>& option) {
  const Result<std::string> path = find_configuration(option);
  if (!path) return tl::unexpected(path.error());
  if (path->empty()) return conf::Settings{};
  if (is_named_pipe(*path)) {
    return fail(ErrorCode::kUsage,
                fmt::format("the configuration file {} is a named pipe; expected a file", *path));
  }
  const Result<std::string> text = read_file(*path);
  if (!text) return tl::unexpected(text.error());
  conf::Parsed<conf::Settings> settings = conf::parse_settings(*text, *path);
  if (!settings.ok()) return tl::unexpected(faults_error(*path, settings.faults));
  return std::move(settings.value);
}

Error faults_error(const std::string& what, const std::vector<conf::Fault>& faults) {
  std::string text = fmt::format("{} has {}:", what, counted(faults.size(), "error"));
  for (const conf::Fault& fault : faults) text += "\n  " + conf::to_string(fault);
  return {ErrorCode::kUsage, text};
}

}  // namespace jobq::cmd
