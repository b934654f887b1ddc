// SPDX-License-Identifier: Apache-2.0
// From the child's verdict to a sentence.
#include "exec/not_started.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exec/error_text.h"
#include "exec/files.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kInterpreterBytes = 256;  // what the kernel reads of a script's first line

std::string from_workdir(const pb::Start& start, const std::string& path) {
  return path.starts_with('/') ? path : fmt::format("{}/{}", start.workdir(), path);
}

bool exists(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0;
}

// "/bin/foo" of "#!/bin/foo -x"; empty where the file is no script.
std::string interpreter_of(const std::string& path) {
  const std::string text = read_small_file(path.c_str(), kInterpreterBytes);
  if (!text.starts_with("#!")) return {};
  const std::string line = text.substr(2, text.find('\n') - 2);
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
}

// How users know what was to be executed.
std::string shown(const pb::Start& start) {
  return start.script().empty() ? start.argv(0) : "the script";
}

std::string why_absent(const pb::Start& start, const std::vector<std::string>& programs) {
  const auto there = std::find_if(programs.begin(), programs.end(), [&](const std::string& p) {
    return exists(from_workdir(start, p));
  });
  if (there == programs.end()) {
    const bool searched = start.script().empty() && shown(start).find('/') == std::string::npos;
    return searched ? shown(start) + ": no such command in PATH"
                    : shown(start) + ": no such file or directory";
  }
  const std::string interpreter = interpreter_of(from_workdir(start, *there));
  return interpreter.empty()
             ? fmt::format("the loader or a directory of {} is missing", shown(start))
             : fmt::format("interpreter {} of {} is missing", interpreter, shown(start));
}

std::string why_not_executed(int error, const pb::Start& start,
                             const std::vector<std::string>& programs) {
  switch (error) {
    case ENOENT: return why_absent(start, programs);
    case ENOEXEC:
      return shown(start) + ": neither a program for this machine nor a script with a #! line";
    case E2BIG: return shown(start) + ": arguments and environment are too long";
    default: return fmt::format("{}: {}", shown(start), error_text(error));
  }
}

std::string why_no_workdir(int error, const std::string& workdir) {
  if (error == ENOENT) return fmt::format("working directory {} does not exist", workdir);
  return fmt::format("working directory {}: {}", workdir, error_text(error));
}

std::string why_no_stream(int error, const std::string& path, const char* which) {
  if (path.empty()) return fmt::format("the {} cannot be connected: {}", which, error_text(error));
  if (error == ENXIO) return fmt::format("{} file {}: nobody reads this pipe", which, path);
  return fmt::format("{} file {}: {}", which, path, error_text(error));
}

}  // namespace

std::string why_no_process(int error) {
  return fmt::format("the node cannot start a process: {}", error_text(error));
}

std::string why_not_started(const Verdict& verdict, const pb::Start& start,
                            const std::vector<std::string>& programs) {
  const int error = verdict.error;
  switch (verdict.stage) {
    case Stage::kNone: return {};
    case Stage::kSession: return "no session for the step: " + error_text(error);
    case Stage::kLimits:
      return fmt::format("limit {}: {}", text_of(*verdict.limit), error_text(error));
    case Stage::kGroups: return "groups of the user cannot be taken: " + error_text(error);
    case Stage::kGroup:
      return fmt::format("group id {} cannot be taken: {}", start.gid(), error_text(error));
    case Stage::kParent: return "the keeper died while the step was started";
    case Stage::kUser:
      return fmt::format("user id {} cannot be taken: {}", start.uid(), error_text(error));
    case Stage::kWorkdir: return why_no_workdir(error, start.workdir());
    case Stage::kInput: return "standard input cannot be connected: " + error_text(error);
    case Stage::kOutput: return why_no_stream(error, start.output(), "output");
    case Stage::kError: return why_no_stream(error, start.error(), "error");
    case Stage::kDescriptors: return "descriptors cannot be closed: " + error_text(error);
    case Stage::kExecute: return why_not_executed(error, start, programs);
  }
  return {};
}

}  // namespace jobq::exec
