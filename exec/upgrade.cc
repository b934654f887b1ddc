// SPDX-License-Identifier: Apache-2.0
// Executing a program with descriptors and a message.
#include "exec/upgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "exec/agent.h"
#include "exec/error_text.h"
#include "exec/files.h"
#include "exec/spawn.h"
#include "exec/text.h"

namespace jobq::exec {
namespace {

constexpr Millis kAskLimit = seconds(5);
constexpr std::size_t kMostBytes = 1U << 30U;

std::vector<int> descriptors_of(const pb::Handover& handover) {
  std::vector<int> all = {handover.lock(), handover.listener(), handover.log()};
  for (const pb::HeldStep& step : handover.steps()) {
    if (step.output().number() != 0) all.push_back(step.output().file());
    if (step.error().number() != 0) all.push_back(step.error().file());
  }
  return all;
}

// Does a descriptor end with this program, or stay open in the next one?
void set_stays(const std::vector<int>& descriptors, bool stays) {
  for (const int one : descriptors) fcntl(one, F_SETFD, stays ? 0 : FD_CLOEXEC);
}

}  // namespace

std::string handover_versions() { return fmt::format("{}\n", kHandoverVersion); }

Heir ask_heir(const std::string& executable) {
  const auto said = ask_program(executable, {"keeper", "--handover-versions"}, kAskLimit);
  if (!said) return Heir::kUnfit;
  std::istringstream numbers(*said);
  bool any = false;
  for (std::uint32_t version = 0; numbers >> version; any = true) {
    if (version == kHandoverVersion) return Heir::kFit;
  }
  return any ? Heir::kForeign : Heir::kUnfit;
}

Error execute_heir(const std::string& executable, std::vector<std::string> words,
                   const pb::Handover& handover) {
  const Descriptor memory(memfd_create("jobq-handover", MFD_CLOEXEC));
  if (!memory || !write_all(memory.get(), handover.SerializeAsString())) {
    return {ErrorCode::kUnavailable, "no memory for a handover: " + error_text(errno)};
  }
  words.insert(words.begin(), {executable, "keeper"});
  words.insert(words.end(), {"--handover", std::to_string(memory.get())});
  const std::vector<char*> argv = pointers_to(words);
  std::vector<int> staying = descriptors_of(handover);
  staying.push_back(memory.get());
  set_stays(staying, true);
  execve(executable.c_str(), argv.data(), environ);
  const int error = errno;
  set_stays(staying, false);
  return {ErrorCode::kUnavailable, error_text(error)};
}

Result<pb::Handover> read_handover(int descriptor) {
  const Descriptor memory(descriptor);
  const std::string bytes =
      read_small_file(fmt::format("/proc/self/fd/{}", descriptor).c_str(), kMostBytes);
  pb::Handover handover;
  if (bytes.empty() || !handover.ParseFromString(bytes) || handover.version() != kHandoverVersion) {
    return fail(ErrorCode::kInternal, "what the keeper before left is no handover");
  }
  set_stays(descriptors_of(handover), false);
  return handover;
}

}  // namespace jobq::exec
