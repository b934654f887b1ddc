// SPDX-License-Identifier: Apache-2.0
// What is done to the processes of one cgroup.
#include "exec/cgroup_cell.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace jobq::exec {
namespace {

constexpr std::size_t kProcsBytes = 1U << 20U;

std::string read_members(const std::string& directory, const char* file) {
  return read_small_file(fmt::format("{}/{}", directory, file).c_str(), kProcsBytes);
}

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> found;
  const std::string text = read_members(directory, "cgroup.procs");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    found.push_back(static_cast<pid_t>(std::strtol(text.c_str() + at, nullptr, 10)));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return found;
}

}  // namespace

std::vector<std::string> with_descendants(const std::string& directory) {
  std::vector<std::string> all = {directory};
  struct stat status = {};
  if (stat(directory.c_str(), &status) != 0 || status.st_nlink == 2) return all;
  std::error_code ignored;
  namespace fs = std::filesystem;
  for (fs::recursive_directory_iterator at(directory, ignored), end; at != end;
       at.increment(ignored)) {
    if (ignored) break;
    if (at->is_directory(ignored)) all.push_back(at->path().string());
  }
  return all;
}

CgroupCell::CgroupCell(std::string directory, const Enforced& enforced)
    : directory_(std::move(directory)),
      self_(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      events_(self_ ? openat(self_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC) : -1),
      error_(self_ && events_ ? 0 : errno),
      files_(self_.get(), enforced) {}

pb::Place CgroupCell::place() const {
  pb::Place place;
  place.set_cgroup(directory_);
  return place;
}

pb::HeldCell CgroupCell::held() const {
  pb::HeldCell held = Cell::held();
  *held.mutable_counters() = files_.counters();
  return held;
}

void CgroupCell::take_over(const pb::HeldCounters& counters) {
  killed_ = true;
  files_.take_over(counters);
}

// A directory that is gone holds nothing.
bool CgroupCell::empty() {
  if (!events_) return true;
  std::array<char, 128> text{};
  const ssize_t size = pread(events_.get(), text.data(), text.size(), 0);
  if (size < 0) return errno == ENODEV;
  const std::string_view events(text.data(), static_cast<std::size_t>(size));
  return events.find("populated 0") != std::string_view::npos;
}

void CgroupCell::signal(int number) {
  for (const pid_t pid : processes()) {
    if (pid > 0) ::kill(pid, number);
  }
}

void CgroupCell::kill() {
  killed_ = true;
  write("cgroup.kill", "1");
}

void CgroupCell::freeze() {
  frozen_ = true;
  write("cgroup.freeze", "1");
}

void CgroupCell::thaw() {
  frozen_ = false;
  write("cgroup.freeze", "0");
}

std::vector<pid_t> CgroupCell::processes() {
  std::vector<pid_t> all;
  for (const std::string& directory : with_descendants(directory_)) {
    const std::vector<pid_t> found = processes_in(directory);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

std::size_t CgroupCell::tasks() {
  std::size_t count = 0;
  for (const std::string& directory : with_descendants(directory_)) {
    const std::string threads = read_members(directory, "cgroup.threads");
    count += static_cast<std::size_t>(std::count(threads.begin(), threads.end(), '\n'));
  }
  return count;
}

bool CgroupCell::is_as_new() const {
  struct stat status = {};
  return !killed_ && !frozen_ && fstat(self_.get(), &status) == 0 && status.st_nlink == 2 &&
         files_.is_light();
}

void CgroupCell::write(const char* name, std::string_view text) {
  const Descriptor file(openat(self_.get(), name, O_WRONLY | O_CLOEXEC));
  if (file) write_all(file.get(), text);
}

}  // namespace jobq::exec
