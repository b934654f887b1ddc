// SPDX-License-Identifier: Apache-2.0
// Encoding in the turn, writing behind it.
#include "controller/flight_recorder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/version.h"
#include "controller/flight_digest.h"
#include "controller/flight_event.h"
#include "controller/flight_log.h"
#include "controller/flight_policy.h"
#include "store/rows_file.h"

namespace jobq::controller {

// The events of one recording.
class FlightRecorder::File {
 public:
  File(int descriptor, std::uint64_t room) : descriptor_(descriptor), left_(room) {}
  ~File() { end(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0 || bytes.empty()) return;
    if (bytes.size() > left_) return end_at_limit();
    left_ -= bytes.size();
    if (put(bytes)) return;
    log::warning("the recording ends here: {}", std::generic_category().message(errno));
    end();
  }
  void add_room(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    left_ += bytes;
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    end();
  }
  bool has_ended() const { return ended_; }

 private:
  void end_at_limit() {
    wire::FlightRecord full;
    full.mutable_full();
    std::string last;
    append_record(last, full);
    put(last);
    end();
    log::notice("the recording is at its limit and ends here; the next start makes a new one");
  }
  bool put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    ended_ = true;
  }

  std::mutex mutex_;
  int descriptor_;
  std::uint64_t left_;
  std::atomic<bool> ended_{false};
};

namespace {

std::uint64_t bytes_under(const std::string& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const auto size = entry.file_size(error);
    if (!error) sum += size;
  }
  return sum;
}

std::string next_name(const std::vector<std::string>& known) {
  const std::uint64_t last =
      known.empty() ? 0 : std::stoull(std::filesystem::path(known.back()).filename());
  return fmt::format("{:06}", last + 1);
}

// What earlier lives left that nobody can replay: recordings without a beginning, and beginnings
// that are not whole.
void remove_remains(const std::vector<std::string>& recordings) {
  std::error_code error;
  for (const std::string& recording : recordings) {
    if (!std::filesystem::exists(rows_file(recording), error) && !error) {
      std::filesystem::remove_all(recording, error);
      continue;
    }
    std::vector<std::filesystem::path> parts;
    for (const auto& entry : std::filesystem::directory_iterator(recording, error)) {
      if (entry.path().filename().string().starts_with("rows.part")) parts.push_back(entry.path());
    }
    for (const std::filesystem::path& part : parts) std::filesystem::remove(part, error);
  }
}

}  // namespace

// Whatever else is to be done goes first: a start with a full queue has enough to do. What the rows
// leave of their half of the room is for events. Without its rows a recording is of no use.
void FlightRecorder::save_when_idle(File& events, const std::string& recording,
                                    const std::vector<sched::Row>& rows, std::uint64_t room) const {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  const std::string path = rows_file(recording);
  const auto saved = store::save_rows(path, rows, options_.codec, {room}, given_up_);
  std::error_code error;
  if (saved) {
    const std::uint64_t size = std::filesystem::file_size(path, error);
    return events.add_room(room - std::min(room, error ? room : size));
  }
  events.stop();
  std::filesystem::remove_all(recording, error);
  if (given_up_) return;
  log::warning("nothing is recorded until the next start: its beginning may take {}, and {}",
               format_bytes({room}), saved.error().message);
}

FlightRecorder::FlightRecorder(Options options) : options_(std::move(options)) {}

FlightRecorder::~FlightRecorder() {
  write(take());
  if (rows_writer_.joinable()) rows_writer_.join();
}

// Old recordings keep half of the space; what is left is for the new one.
Bytes FlightRecorder::make_room() const {
  std::uint64_t used = 0;
  const std::vector<std::string> old = recordings(flight_directory(options_.state));
  for (const std::string& recording : old) used += bytes_under(recording);
  for (const std::string& recording : old) {
    if (used <= options_.limit.count / 2) break;
    used -= std::min(used, bytes_under(recording));
    std::error_code ignored;
    std::filesystem::remove_all(recording, ignored);
  }
  return {options_.limit.count - std::min(used, options_.limit.count)};
}

void FlightRecorder::open(std::vector<sched::Row> from) {
  const std::string flight = flight_directory(options_.state);
  const std::vector<std::string> old = recordings(flight);
  const std::string recording = flight + "/" + next_name(old);
  remove_remains(old);
  const Bytes room = make_room();
  std::error_code ignored;  // the next call tells
  std::filesystem::create_directories(recording, ignored);
  for (const std::string& directory : {flight, recording}) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, ignored);
  }
  const int descriptor = ::open(events_file(recording).c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    log::warning("nothing is recorded: {} cannot be written: {}", events_file(recording),
                 std::generic_category().message(errno));
    return;
  }
  file_ = std::make_shared<File>(descriptor, room.count - room.count / 2);
  rows_writer_ = std::thread(
      [this, events = file_, recording, rows = std::move(from), room_of_rows = room.count / 2] {
        save_when_idle(*events, recording, rows, room_of_rows);
      });
}

void FlightRecorder::restored(std::vector<sched::Row> from, Time at, const sched::Policy& policy,
                              std::span<const sched::Action> actions,
                              std::span<const sched::Row> changed) {
  lost();
  open(std::move(from));
  if (!file_) return;
  wire::FlightRecord record;
  wire::FlightStart& start = *record.mutable_start();
  to_wire(policy, start);
  start.set_software(std::string(kSoftware));
  start.set_at(at.ms);
  start.set_actions(digest_of(actions));
  start.set_rows(digest_of(changed));
  append_record(pending_, record);
  write(take());
}

// A thread that only works when nothing else does may need long: the controller does not wait for
// it. A recording without its beginning goes.
void FlightRecorder::lost() {
  pending_.clear();
  turn_is_open_ = false;
  given_up_ = true;
  if (rows_writer_.joinable()) rows_writer_.join();
  given_up_ = false;
  file_.reset();
}

void FlightRecorder::given(const sched::Event& event, Time at) {
  is_recording_ = file_ && !file_->has_ended();
  if (!is_recording_) return;
  wire::FlightEvent& out = *record_.mutable_event();
  out.Clear();
  out.set_at(at.ms);
  to_wire(event, out);
}

void FlightRecorder::decided(std::span<const sched::Action> actions) {
  if (!is_recording_) return;
  record_.mutable_event()->set_actions(digest_of(actions));
  append_record(pending_, record_);
  turn_is_open_ = true;
}

void FlightRecorder::turned(std::span<const sched::Row> changed) {
  if (!std::exchange(turn_is_open_, false)) return;
  wire::FlightRecord record;
  record.mutable_turn()->set_rows(digest_of(changed));
  append_record(pending_, record);
}

FlightRecorder::Piece FlightRecorder::take() { return {file_, std::exchange(pending_, {})}; }

void FlightRecorder::write(const Piece& piece) {
  if (piece.file) piece.file->write(piece.bytes);
}

}  // namespace jobq::controller
