// SPDX-License-Identifier: Apache-2.0
// Names and retention of kept outputs.
#include "exec/output_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace jobq::exec {
namespace {

struct KeptFile {
  std::string path;
  Time changed;
  std::uint64_t size = 0;
};

std::vector<KeptFile> kept_files(const std::string& state) {
  namespace fs = std::filesystem;
  std::vector<KeptFile> found;
  std::error_code ignored;
  for (const auto& directory : fs::directory_iterator(output_directory(state), ignored)) {
    if (!directory.is_directory(ignored)) continue;
    for (const auto& entry : fs::directory_iterator(directory.path(), ignored)) {
      struct stat status = {};
      if (lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      found.push_back({entry.path().string(), Time{status.st_mtim.tv_sec * 1000},
                       static_cast<std::uint64_t>(status.st_size)});
    }
  }
  return found;
}

}  // namespace

std::string output_directory(const std::string& state) { return state + "/output"; }

std::string slot_file(const std::string& state, std::uint64_t slot) {
  return fmt::format("{}/output/slot-{}", state, slot);
}

std::string kept_directory(const std::string& state, const AttemptId& id) {
  return fmt::format("{}/output/{:02x}", state, id.job.value & 0xffU);
}

std::string kept_file(const std::string& state, const AttemptId& id, Which which) {
  return fmt::format("{}/{}.{}.{}.{}", kept_directory(state, id), id.job.value, id.step.value,
                     id.attempt.value, which == Which::kOutput ? "out" : "err");
}

void sweep_outputs(const std::string& state, const Retention& retention, Time now) {
  std::vector<KeptFile> files = kept_files(state);
  std::sort(files.begin(), files.end(),
            [](const KeptFile& a, const KeptFile& b) { return a.changed > b.changed; });
  std::uint64_t total = 0;
  for (const KeptFile& file : files) {
    total += file.size;
    const bool old = now - file.changed > retention.age;
    if (old || total > retention.total.count) unlink(file.path.c_str());
  }
}

}  // namespace jobq::exec
