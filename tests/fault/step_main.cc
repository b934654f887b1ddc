// SPDX-License-Identifier: Apache-2.0
// What the jobs of the fault test run: it takes the locks of its step and of its resource, writes
// its start to the ledger, takes its time, writes its end and exits.
//
//   fault_step DIRECTORY KIND MILLISECONDS CODE [RESOURCE]
//
// A lock goes with the last process that has it. An attempt that finds one held has seen that
// another one is still alive, or somebody else in the resource: it says so in the ledger.
//
// KIND    plain      writes a line to its standard output when it starts and one at its end
//         silent     does not
//         loud       writes much in between
//         forks      leaves a grandchild in a session of its own, which ignores TERM
//         stubborn   ignores TERM itself
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault/clock.h"
#include "tests/fault/ledger.h"
#include "tests/fault/outputs.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kLeftBehindMs = 60'000;
constexpr int kNoPlace = 120;  // the test itself is broken

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

template <class T>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class Attempt {
 public:
  explicit Attempt(std::string directory) : directory_(std::move(directory)) {
    // No O_CLOEXEC here: what this process forks holds its locks as well.
    file_ = open(ledger_file(directory_).c_str(), O_WRONLY | O_APPEND | O_DSYNC);
    if (file_ < 0) _exit(kNoPlace);
    const std::string index = variable("JOBQ_ARRAY_INDEX");
    record_.job = variable("JOBQ_JOB") + (index.empty() ? "" : "[" + index + "]");
    record_.step = variable("JOBQ_STEP");
    record_.attempt = number<std::uint32_t>(variable("JOBQ_ATTEMPT"));
    record_.pid = getpid();
    record_.node = variable("JOBQ_NODE");
  }

  void write(std::string_view what, std::string_view detail) {
    record_.what = what;
    record_.at_ms = wall_ms();
    record_.detail = detail;
    const std::string line = to_line(record_);
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      _exit(kNoPlace);
    }
  }

  void lock(const std::string& name) {
    const std::string path = locks_folder(directory_) + "/" + name;
    const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0) _exit(kNoPlace);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) write("clash", name);
  }

  std::string first_line() const {
    return fault::first_line(record_.job, record_.step, record_.attempt);
  }
  std::string step_lock() const { return "step." + record_.job + "." + record_.step; }

 private:
  std::string directory_;
  int file_ = -1;
  Record record_;
};

void say(const std::string& text) {
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    _exit(kNoPlace);
  }
}

void leave_one_behind() {
  if (fork() != 0) return;
  setsid();
  if (fork() != 0) _exit(0);
  std::signal(SIGTERM, SIG_IGN);
  wait_ms(kLeftBehindMs);
  _exit(0);
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 4) return kNoPlace;
  const std::string& kind = words[1];
  if (kind == "stubborn") std::signal(SIGTERM, SIG_IGN);
  Attempt attempt(words[0]);
  attempt.lock(attempt.step_lock());
  if (words.size() > 4) attempt.lock("resource." + words[4]);
  const int code = number<int>(words[3]);
  if (kind != "silent") say(attempt.first_line());
  attempt.write("start", "-");
  if (kind == "forks") leave_one_behind();
  const auto ms = number<std::int64_t>(words[2]);
  if (kind == "loud") {
    for (int i = 0; i < kLoudParts; ++i) {
      say(loud_part(i));
      wait_ms(ms / kLoudParts);
    }
  } else {
    wait_ms(ms);
  }
  if (kind != "silent") say(last_line(code));
  attempt.write("end", words[3]);
  return code;
}

}  // namespace
}  // namespace jobq::fault

int main(int argc, char** argv) {
  _exit(jobq::fault::run(std::vector<std::string>(argv + 1, argv + argc)));
}
