// SPDX-License-Identifier: Apache-2.0
// Starting, signalling and reaping; looking into /proc.
#include "tests/fault/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>

#include "base/check.h"

namespace jobq::fault {
namespace {

struct Streams {
  int in = -1;
  int out = -1;
  int err = -1;
};

// A session of its own: ^C reaches the test alone. And SIGPIPE as usual: the test ignores it, and a
// daemon that inherited that would hide that it has forgotten to.
posix_spawnattr_t attributes_of_all() {
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  return attributes;
}

pid_t spawn(const Words& command, const Streams& streams) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, streams.in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, streams.out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, streams.err, STDERR_FILENO);
  posix_spawnattr_t attributes = attributes_of_all();
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  check(error == 0, "a program of the test can be started");
  return pid;
}

// A process that we have not reaped yet.
bool gone_within(pid_t pid, std::int64_t limit_ms) {
  const int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  check(file >= 0, "a child of ours has a pidfd");
  pollfd wanted{file, POLLIN, 0};
  int got = 0;
  do {
    got = poll(&wanted, 1, static_cast<int>(limit_ms));
  } while (got < 0 && errno == EINTR);
  close(file);
  return got == 1;
}

int memory_file(const std::string& content) {
  const int file = memfd_create("stream", MFD_CLOEXEC);
  check(file >= 0 &&
            pwrite(file, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()),
        "a file in memory");
  return file;
}

std::string content_of(int file) {
  std::string content;
  std::string part(1U << 16U, '\0');
  ssize_t got = 0;
  while ((got = pread(file, part.data(), part.size(), static_cast<off_t>(content.size()))) > 0) {
    content.append(part, 0, static_cast<std::size_t>(got));
  }
  close(file);
  return content;
}

// Of a process that may end meanwhile; std::ifstream would throw.
std::string content_of(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file < 0 ? std::string() : content_of(file);
}

}  // namespace

Process::Process(Words command, std::string log, const NetNamespace* space)
    : command_(std::move(command)), log_(std::move(log)), space_(space) {}

Process::~Process() {
  if (pid_ == 0) return;
  signal(SIGKILL);
  reap(10'000);
}

void Process::start() {
  check(pid_ == 0, "a daemon runs once at a time");
  const int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
  check(log >= 0 && none >= 0, "the log of a daemon");
  {
    std::optional<Inside> inside;
    if (space_ != nullptr) inside.emplace(*space_);
    pid_ = spawn(command_, {none, log, log});
  }
  close(log);
  close(none);
}

bool Process::runs() { return pid_ != 0 && !gone_within(pid_, 0); }

bool Process::signal(int number) {
  if (!runs()) return false;
  return kill(pid_, number) == 0;
}

bool Process::reap(std::int64_t limit_ms) {
  if (pid_ == 0) return true;
  if (!gone_within(pid_, limit_ms)) return false;
  check(waitpid(pid_, &status_, 0) == pid_, "a child that ended can be reaped");
  pid_ = 0;
  return true;
}

Answer run_command(const Words& command, const std::string& input, std::int64_t limit_ms) {
  const Streams streams{memory_file(input), memory_file(""), memory_file("")};
  const pid_t pid = spawn(command, streams);
  const bool in_time = gone_within(pid, limit_ms);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  check(waitpid(pid, &status, 0) == pid, "a command that ended can be reaped");
  close(streams.in);
  Answer answer;
  answer.out = content_of(streams.out);
  answer.err = content_of(streams.err);
  if (!in_time) answer.err += "it did not end in time";
  if (in_time && WIFEXITED(status)) answer.code = WEXITSTATUS(status);
  return answer;
}

std::set<pid_t> processes_with(const std::string& text) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size() || pid == getpid()) continue;
    const std::string path = entry.path().string();
    if (content_of(path + "/cmdline").find(text) != std::string::npos ||
        content_of(path + "/environ").find(text) != std::string::npos) {
      found.insert(pid);
    }
  }
  return found;
}

std::string command_line(pid_t pid) {
  std::string text = content_of("/proc/" + std::to_string(pid) + "/cmdline");
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace jobq::fault
