// SPDX-License-Identifier: Apache-2.0
// Preparing the plan that the child carries out.
#include "exec/launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <vector>

#include "exec/files.h"
#include "exec/not_started.h"
#include "exec/text.h"
#include "exec/users.h"

namespace jobq::exec {
namespace {

constexpr const char* kOomScoreFile = "/proc/self/oom_score_adj";
constexpr std::string_view kProtected = "-900";
constexpr int kScoreOfSteps = 500;  // as if a step used half of all memory beside its own

// The strings that a plan points into.
struct Texts {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<std::string> programs;
  std::vector<gid_t> groups;
  std::vector<ChildLimit> limits;
  std::string output;
  std::string error;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<const char*> candidates;
};

std::string_view path_of(const pb::Start& start) {
  for (const std::string& variable : start.env()) {
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  }
  return kUserPath;
}

// Every place where PATH lets the program be. An empty entry is the working directory.
std::vector<std::string> search(std::string_view path, const std::string& program) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> found;
  while (true) {
    const std::size_t colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    found.push_back(directory.empty() ? "./" + program : fmt::format("{}/{}", directory, program));
    if (colon == std::string_view::npos) return found;
    path.remove_prefix(colon + 1);
  }
}

void choose_program(const pb::Start& start, const LaunchMeans& means, Texts& texts) {
  texts.arguments.assign(start.argv().begin(), start.argv().end());
  if (start.script().empty()) {
    texts.programs = search(path_of(start), texts.arguments.front());
    return;
  }
  texts.arguments.insert(texts.arguments.begin(), means.script_file);
  if (start.script().starts_with("#!")) {
    texts.programs = {means.script_file};
  } else {
    texts.arguments.insert(texts.arguments.begin(), "/bin/sh");
    texts.programs = {"/bin/sh"};
  }
}

Texts texts_of(const pb::Start& start, const LaunchMeans& means) {
  Texts texts;
  choose_program(start, means, texts);
  texts.environment.assign(start.env().begin(), start.env().end());
  if (!means.mark.empty()) texts.environment.push_back("JOBQ_MARK=" + means.mark);
  texts.groups.assign(start.groups().begin(), start.groups().end());
  texts.output = start.output();
  texts.error = start.error();
  texts.argv = pointers_to(texts.arguments);
  texts.envp = pointers_to(texts.environment);
  for (const std::string& program : texts.programs) texts.candidates.push_back(program.c_str());
  texts.candidates.push_back(nullptr);
  return texts;
}

Stream stream_to(std::string& path, int slot, bool append) {
  Stream stream;
  if (path.empty()) {
    stream.descriptor = slot;
  } else {
    stream.path = path.data();
    stream.truncate = !append;
  }
  return stream;
}

void plan_streams(const pb::Start& start, const LaunchMeans& means, Texts& texts, Plan& plan) {
  plan.output = stream_to(texts.output, means.output, start.append_output());
  plan.error = stream_to(texts.error, means.error, start.append_error());
  plan.error_is_output =
      !start.output().empty() && (start.error().empty() || start.error() == start.output());
}

std::vector<int> ignored_signals() {
  std::vector<int> ignored;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action = {};
    const bool known = sigaction(signal, nullptr, &action) == 0;
    if (known && action.sa_handler == SIG_IGN) ignored.push_back(signal);
  }
  return ignored;
}

bool is_privileged() { return geteuid() == 0; }

// Never less than before: whoever started us may have had a reason.
std::string score_of_children(const std::string& before) {
  if (before.empty()) return {};
  int score = 0;
  std::from_chars(before.data(), before.data() + before.size(), score);
  return std::to_string(std::max(kScoreOfSteps, score));
}

void plan_user(const pb::Start& start, const Texts& texts, Plan& plan) {
  plan.change_user = is_privileged();
  plan.uid = start.uid();
  plan.gid = start.gid();
  plan.groups = texts.groups.data();
  plan.group_count = texts.groups.size();
}

}  // namespace

Launcher::Launcher() : null_(open("/dev/null", O_RDWR | O_CLOEXEC)), ignored_(ignored_signals()) {
  // A step that crashes must not fill the disk unasked; `ulimit -c` brings the image back.
  ChildLimit core = own_limit("core");
  core.value.rlim_cur = 0;
  const ChildLimit files = own_limit("nofile");
  limits_ = {files, core};
  const rlimit raised = {files.value.rlim_max, files.value.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
  oom_score_ = score_of_children(read_small_file(kOomScoreFile));
  if (is_privileged()) write_small_file(kOomScoreFile, kProtected);
}

Launcher::~Launcher() { close(null_); }

void Launcher::take_over(const pb::ChildDefaults& defaults) {
  limits_.front().value = {defaults.files_soft(), defaults.files_hard()};
  oom_score_ = defaults.oom_score();
}

pb::ChildDefaults Launcher::defaults() const {
  pb::ChildDefaults defaults;
  defaults.set_files_soft(limits_.front().value.rlim_cur);
  defaults.set_files_hard(limits_.front().value.rlim_max);
  defaults.set_oom_score(oom_score_);
  return defaults;
}

Result<void> Launcher::check(const pb::Start& start) {
  if (start.argv().empty() && start.script().empty()) {
    return fail(ErrorCode::kUsage, "the step names no program");
  }
  if (auto known = check_limits(start); !known) return known;
  if (is_privileged() || start.uid() == geteuid()) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("user id {} cannot be taken: this node runs as user id {} and starts "
                          "steps of that user only",
                          start.uid(), geteuid()));
}

Result<pid_t> Launcher::launch(const pb::Start& start, const LaunchMeans& means) const {
  Texts texts = texts_of(start, means);
  texts.limits = limits_of(start, limits_);
  Plan plan;
  plan_user(start, texts, plan);
  plan.parent = getpid();
  plan.limits = texts.limits.data();
  plan.limit_count = texts.limits.size();
  plan.ignored = ignored_.data();
  plan.ignored_count = ignored_.size();
  if (start.has_umask()) plan.umask = start.umask() & 0777;
  plan.oom_score = oom_score_.empty() ? nullptr : oom_score_.c_str();
  plan.workdir = start.workdir().empty() ? "/" : start.workdir().c_str();
  plan.workdir_optional = start.workdir_optional();
  plan.null_descriptor = null_;
  plan_streams(start, means, texts, plan);
  plan.programs = texts.candidates.data();
  plan.argv = texts.argv.data();
  plan.envp = texts.envp.data();

  ChildTask task{&plan, {}};
  const pid_t pid = vfork_into(means.cgroup, stack_, run_child, &task);
  if (pid < 0) return fail(ErrorCode::kUnavailable, why_no_process(-pid));
  if (task.verdict.error == 0) return pid;
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return fail(ErrorCode::kRefused, why_not_started(task.verdict, start, texts.programs));
}

}  // namespace jobq::exec
