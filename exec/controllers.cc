// SPDX-License-Identifier: Apache-2.0
// What is written to cgroup files, and read from them.
#include "exec/controllers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/log.h"
#include "exec/error_text.h"

namespace jobq::exec {
namespace {

constexpr const char* kLeaf = "keeper";
constexpr std::uint64_t kPeriodUs = 100'000;
constexpr std::uint64_t kMostLeft = 4U << 20U;

// Appending changes nothing for the kernel, and shows a test all that was written.
bool write_at(int directory, const char* name, std::string_view text) {
  const Descriptor file(openat(directory, name, O_WRONLY | O_APPEND | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool write_in(const std::string& directory, const char* name, std::string_view text) {
  return write_at(AT_FDCWD, fmt::format("{}/{}", directory, name).c_str(), text);
}

std::string read_in(const std::string& directory, const char* name) {
  return read_small_file(fmt::format("{}/{}", directory, name).c_str());
}

std::string read_start(int file) {
  std::array<char, 1024> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool lists(std::string_view words, std::string_view word) {
  const std::string all = fmt::format(" {} ", words.substr(0, words.find('\n')));
  return all.find(fmt::format(" {} ", word)) != std::string::npos;
}

Enforced read_controllers(const std::string& directory, const char* file) {
  const std::string words = read_in(directory, file);
  return {lists(words, "memory"), lists(words, "cpu"), lists(words, "pids")};
}

Enforced offered(const std::string& directory) {
  return read_controllers(directory, "cgroup.controllers");
}

// systemd marks what it delegates.
bool is_marked(const std::string& directory) {
  const auto says_so = [&](const char* name) {
    char value = 0;
    return getxattr(directory.c_str(), name, &value, 1) == 1 && value == '1';
  };
  return says_so("user.delegate") || says_so("trusted.delegate");
}

// The cgroup that was delegated to us. We may live in a leaf of it: in ours, where this program has
// executed a newer one in place, or in one of systemd's (DelegateSubgroup=).
std::string delegated(const std::string& own) {
  const std::filesystem::path path(own);
  const std::string above = path.parent_path().string();
  const bool in_leaf = path.filename() == kLeaf && offered(above).any();
  return in_leaf || (is_marked(above) && !is_marked(own)) ? above : own;
}

// Nobody lives in the directory itself. The root of all cgroups has no type, and may be lived in.
bool is_uninhabited(const std::string& directory) {
  const bool is_root = access((directory + "/cgroup.type").c_str(), F_OK) != 0;
  return is_root || read_in(directory, "cgroup.procs").empty();
}

bool has_controllers(const std::string& root) {
  return offered(root).any() && access((root + "/cgroup.subtree_control").c_str(), W_OK) == 0;
}

std::string leaf_of(const std::string& root) { return fmt::format("{}/{}", root, kLeaf); }

bool move_to(const std::string& directory) {
  return write_in(directory, "cgroup.procs", std::to_string(getpid()));
}

bool move_to_leaf(const std::string& leaf) {
  if (mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return false;
  return move_to(leaf);
}

tl::unexpected<Error> refused(const char* file, std::string_view text) {
  return fail(ErrorCode::kUnavailable, fmt::format("the step's cgroup does not take {} for {}: {}",
                                                   text, file, error_text(errno)));
}

std::string text_of(std::uint64_t limit) { return limit > 0 ? std::to_string(limit) : "max"; }

// All of what was granted in every period, and no more: a weight would let a step take what other
// steps were granted and do not use at the moment, so that its run time said nothing about the next
// one's.
std::string quota_of(std::uint32_t cpus) {
  return fmt::format("{} {}", text_of(cpus * kPeriodUs), kPeriodUs);
}

}  // namespace

std::uint64_t number_behind(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return number(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

Enforced enable_controllers(const std::string& directory, const Enforced& wanted) {
  const auto enable = [&](bool is_wanted, std::string_view name) {
    return is_wanted && write_in(directory, "cgroup.subtree_control", name);
  };
  // Memory first: the others could be had for threads alone, which rules memory out.
  Enforced enabled;
  enabled.memory = enable(wanted.memory, "+memory");
  enabled.cpus = enable(wanted.cpus, "+cpu");
  enabled.processes = enable(wanted.processes, "+pids");
  return enabled;
}

Enforced enabled_controllers(const std::string& directory) {
  return read_controllers(directory, "cgroup.subtree_control");
}

void wait_in_leaf(const std::string& own) {
  const std::string root = delegated(own);
  const bool is_alone = read_in(root, "cgroup.procs") == fmt::format("{}\n", getpid());
  if (is_alone && has_controllers(root)) move_to_leaf(leaf_of(root));
}

Subtree open_given(const std::string& directory) {
  // A service manager removes the cgroup of a unit that nobody lives in, though it is active.
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return {directory, {}};
  if (!is_uninhabited(directory)) {
    log::warning("no controllers for steps: somebody lives in {}", directory);
    return {directory, {}};
  }
  return {directory, enable_controllers(directory, offered(directory))};
}

Subtree open_subtree(const std::string& own) {
  const std::string root = delegated(own);
  const std::string leaf = leaf_of(root);
  if (!has_controllers(root) || !move_to_leaf(leaf)) return {own, {}};
  Subtree subtree = open_given(root);
  if (subtree.enforced.any()) return subtree;
  move_to(own);
  rmdir(leaf.c_str());
  return {own, {}};
}

CellFiles::CellFiles(int directory, const Enforced& enforced)
    : directory_(directory),
      enforced_(enforced),
      cpu_(openat(directory, "cpu.stat", O_RDONLY | O_CLOEXEC)) {
  if (!enforced.memory) return;
  // Kernels before 6.12 cannot set it back, and do not let it be opened for that.
  peak_ = Descriptor(openat(directory, "memory.peak", O_RDWR | O_CLOEXEC));
  if (!peak_) peak_ = Descriptor(openat(directory, "memory.peak", O_RDONLY | O_CLOEXEC));
  events_ = Descriptor(openat(directory, "memory.events", O_RDONLY | O_CLOEXEC));
  current_ = Descriptor(openat(directory, "memory.current", O_RDONLY | O_CLOEXEC));
}

Result<void> CellFiles::begin(const CellLimits& limits) {
  cpu_before_us_ = cpu_seen_us_;  // nobody has lived here since
  if (written_ != limits) {
    written_.reset();
    if (auto written = write_limits(limits); !written) return written;
    written_ = limits;
  }
  if (!enforced_.memory) return {};
  begin_peak();
  const std::string events = read_start(events_.get());
  limit_hits_before_ = number_behind(events, "oom");
  kills_before_ = number_behind(events, "oom_kill");
  return {};
}

Result<void> CellFiles::write_limits(const CellLimits& limits) {
  const auto set = [this](const char* file, const std::string& text) -> Result<void> {
    if (write_at(directory_, file, text)) return {};
    return refused(file, text);
  };
  if (enforced_.memory) {
    if (auto done = set("memory.max", text_of(limits.memory.count)); !done) return done;
    // Absent without swap. Who is out of memory is ended as a whole: half a step is of no use.
    write_at(directory_, "memory.swap.max", limits.memory.count > 0 ? "0" : "max");
    write_at(directory_, "memory.oom.group", "1");
  }
  if (enforced_.cpus) {
    if (auto done = set("cpu.max", quota_of(limits.cpus)); !done) return done;
  }
  if (enforced_.processes) return set("pids.max", text_of(limits.processes));
  return {};
}

void CellFiles::begin_peak() {
  if (!peak_) return;
  peak_before_ = write(peak_.get(), "0", 1) == 1 ? 0 : number(read_start(peak_.get()));
}

CellUsage CellFiles::usage() {
  CellUsage usage;
  if (cpu_) {
    const std::uint64_t now_us = number_behind(read_start(cpu_.get()), "usage_usec");
    cpu_seen_us_ = std::max(now_us, cpu_before_us_);
    usage.cpu_ms = static_cast<std::int64_t>((cpu_seen_us_ - cpu_before_us_) / 1000);
  }
  const std::uint64_t peak = peak_ ? number(read_start(peak_.get())) : 0;
  if (peak > peak_before_) usage.peak_memory = peak;
  return usage;
}

pb::HeldCounters CellFiles::counters() const {
  pb::HeldCounters counters;
  counters.set_cpu_us(cpu_before_us_);
  counters.set_limit_hits(limit_hits_before_);
  counters.set_kills(kills_before_);
  return counters;
}

void CellFiles::take_over(const pb::HeldCounters& counters) {
  cpu_before_us_ = counters.cpu_us();
  limit_hits_before_ = counters.limit_hits();
  kills_before_ = counters.kills();
  // It was set back for another descriptor. The peak until now stands in the step's end.
  if (peak_) peak_before_ = number(read_start(peak_.get()));
}

bool CellFiles::is_light() const {
  return !enforced_.memory || number(read_start(current_.get())) <= kMostLeft;
}

OutOfMemory CellFiles::out_of_memory() const {
  if (!enforced_.memory) return OutOfMemory::kNo;
  const std::string events = read_start(events_.get());
  if (number_behind(events, "oom_kill") == kills_before_) return OutOfMemory::kNo;
  return number_behind(events, "oom") > limit_hits_before_ ? OutOfMemory::kLimit
                                                           : OutOfMemory::kNode;
}

}  // namespace jobq::exec
