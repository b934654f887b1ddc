// SPDX-License-Identifier: Apache-2.0
// Names and retention of kept outputs.
#include "exec/output_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "exec/output_packs.h"

namespace jobq::exec {
namespace {

struct KeptFile {
  std::string path;
  Time changed;
  std::uint64_t size = 0;
  std::uint64_t on_disk = 0;  // of a sparse file, what there is of it
  bool is_pack = false;
};

// A user may say that his file is older than it is, but not that it is younger.
Time change_of(const struct stat& status) {
  return {std::min(status.st_mtim.tv_sec, status.st_ctim.tv_sec) * 1000};
}

namespace fs = std::filesystem;

void find_in(const fs::path& directory, bool packs, std::vector<KeptFile>& found) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    struct stat status = {};
    if (lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (entry.path().filename().string().starts_with(kSlotPrefix)) continue;
    found.push_back({entry.path().string(), change_of(status),
                     static_cast<std::uint64_t>(status.st_size),
                     static_cast<std::uint64_t>(status.st_blocks) * 512, packs});
  }
}

std::vector<KeptFile> kept_files(const std::string& state) {
  std::vector<KeptFile> found;
  std::error_code ignored;
  find_in(output_directory(state), false, found);
  for (const auto& directory : fs::directory_iterator(output_directory(state), ignored)) {
    if (!directory.is_directory(ignored)) continue;
    find_in(directory.path(), directory.path() == packs_directory(state), found);
  }
  return found;
}

std::string name_of(const AttemptId& id, Which which) {
  return fmt::format("{}.{}.{}.{}", id.job.value, id.step.value, id.attempt.value,
                     which == Which::kOutput ? "out" : "err");
}

}  // namespace

std::string output_directory(const std::string& state) { return state + "/output"; }

std::string slot_file(const std::string& state, std::uint64_t slot) {
  return fmt::format("{}/output/{}{}", state, kSlotPrefix, slot);
}

std::string kept_directory(const std::string& state, const AttemptId& id) {
  return fmt::format("{}/output/{:02x}", state, id.job.value & 0xffU);
}

std::string kept_file(const std::string& state, const AttemptId& id, Which which) {
  return fmt::format("{}/{}", kept_directory(state, id), name_of(id, which));
}

std::string kept_file_on_full_disk(const std::string& state, const AttemptId& id, Which which) {
  return fmt::format("{}/{}", output_directory(state), name_of(id, which));
}

void sweep_outputs(const std::string& state, const Retention& retention, Time now) {
  std::vector<KeptFile> files = kept_files(state);
  std::sort(files.begin(), files.end(),
            [](const KeptFile& a, const KeptFile& b) { return a.changed > b.changed; });
  std::uint64_t total = 0;
  for (const KeptFile& file : files) {
    total += file.on_disk;
    const bool old = now - file.changed > retention.age;
    if (!old && total <= retention.total.count) continue;
    if (file.is_pack) {
      remove_pack(file.path, file.size);
    } else {
      unlink(file.path.c_str());
    }
  }
}

}  // namespace jobq::exec
