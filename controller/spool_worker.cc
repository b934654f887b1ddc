// SPDX-License-Identifier: Apache-2.0
// Turns of the spool's thread.
#include "controller/spool_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kMostOpen = 64;
constexpr std::uint64_t kTicksOfScan = 6;     // half a minute
constexpr std::uint64_t kTicksOfPrune = 120;  // ten minutes

template <class T>
std::vector<T> take_some(std::deque<T>& from, std::size_t most) {
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(most, from.size()));
  std::vector<T> some(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
  return some;
}

}  // namespace

SpoolWorker::SpoolWorker(uv_loop_s* loop, SpoolFolder folder, Settings settings,
                         std::function<void(SpoolRequest)> deliver)
    : folder_(std::move(folder)),
      settings_(std::move(settings)),
      deliver_(std::move(deliver)),
      waker_(loop, [this] { this->deliver(); }) {
  for (SpoolClaim& claim : folder_.claims()) claims_.push_back(std::move(claim));
  thread_ = std::thread([this] { serve(); });
}

SpoolWorker::~SpoolWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void SpoolWorker::see(std::vector<SpoolWatch::Sighting> seen) {
  const std::lock_guard lock(mutex_);
  std::move(seen.begin(), seen.end(), std::back_inserter(seen_));
  asked_.notify_one();
}

void SpoolWorker::scan() {
  const std::lock_guard lock(mutex_);
  scan_ = true;
  asked_.notify_one();
}

void SpoolWorker::tick() {
  const std::lock_guard lock(mutex_);
  tick_ = true;
  asked_.notify_one();
}

void SpoolWorker::end(SpoolEnd end) {
  const std::lock_guard lock(mutex_);
  ends_.push_back(std::move(end));
  asked_.notify_one();
}

void SpoolWorker::deliver() {
  std::vector<SpoolRequest> prepared;
  {
    const std::lock_guard lock(mutex_);
    prepared.swap(prepared_);
  }
  for (SpoolRequest& request : prepared) deliver_(std::move(request));
}

// What was taken goes before what is new.
SpoolWorker::Todo SpoolWorker::next() {
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return open_ < kMostOpen; };
  const auto may_look = [&] { return has_room() && !holds_back_; };
  asked_.wait(lock, [&] {
    return stopping_ || tick_ || !ends_.empty() || (has_room() && !claims_.empty()) ||
           (may_look() && (scan_ || !seen_.empty()));
  });
  Todo todo;
  todo.stop = stopping_;
  todo.tick = std::exchange(tick_, false);
  todo.ends.swap(ends_);
  open_ -= todo.ends.size();
  if (stopping_) return todo;
  if (has_room()) todo.claims = take_some(claims_, kMostOpen - open_);
  if (!todo.claims.empty() || !may_look()) return todo;
  todo.seen = take_some(seen_, kMostOpen - open_);
  if (todo.seen.empty()) todo.scan = std::exchange(scan_, false);
  return todo;
}

void SpoolWorker::serve() {
  for (;;) {
    const Todo todo = next();
    for (const SpoolEnd& end : todo.ends) carry_out(end);
    if (todo.stop) return;
    if (todo.tick) try_again();
    for (const SpoolClaim& claim : todo.claims) prepare(claim);
    if (!todo.seen.empty()) look_at(todo.seen);
    if (todo.scan) look_round();
  }
}

void SpoolWorker::carry_out(const SpoolEnd& end) {
  const Result<void> settled = settle(end);
  if (settled) return;
  log::error("spool: {} is {}, and stays where it is for now: {}", end.claim.name,
             end.what == SpoolEnd::What::kRejected ? "rejected" : "submitted",
             settled.error().message);
  stuck_.push_back(end);
}

Result<void> SpoolWorker::settle(const SpoolEnd& end) {
  if (end.what == SpoolEnd::What::kRejected) return folder_.reject(end.claim, end.why);
  if (end.what == SpoolEnd::What::kAccepted) {
    if (!end.why.empty()) static_cast<void>(folder_.explain(end.claim.name, end.why));
    return folder_.accept(end.claim, end.label);
  }
  // It was not recorded, so that its time may begin anew.
  put_off_.push_back(folder_.renew(end.claim).value_or(end.claim));
  const std::lock_guard lock(mutex_);
  holds_back_ = true;
  return {};
}

void SpoolWorker::try_again() {
  for (const SpoolEnd& end : std::exchange(stuck_, {})) {
    if (!settle(end)) stuck_.push_back(end);
  }
  ++ticks_;
  if (ticks_ % kTicksOfPrune == 1) folder_.prune(wall_now() - settings_.keep);
  const std::lock_guard lock(mutex_);
  for (SpoolClaim& claim : put_off_) claims_.push_back(std::move(claim));
  put_off_.clear();
  holds_back_ = false;
  scan_ = scan_ || some_young_ || ticks_ % kTicksOfScan == 0;
}

void SpoolWorker::look_round() {
  const std::vector<std::string> names = folder_.names();
  std::erase_if(complained_, [&](const std::string& name) {
    return !std::binary_search(names.begin(), names.end(), name);
  });
  some_young_ = false;
  const std::lock_guard lock(mutex_);
  for (const std::string& name : names) seen_.push_back({name, SpoolSight::kFound});
}

void SpoolWorker::look_at(const std::vector<SpoolWatch::Sighting>& seen) {
  std::vector<SpoolClaim> claims;
  for (const SpoolWatch::Sighting& one : seen) take_or_refuse(one, claims);
  if (claims.empty()) return;
  folder_.sync_claims();
  for (const SpoolClaim& claim : claims) prepare(claim);
}

void SpoolWorker::take_or_refuse(const SpoolWatch::Sighting& one, std::vector<SpoolClaim>& claims) {
  switch (spool_state(folder_.top(), one.name, one.sight)) {
    case SpoolState::kBusy:
    case SpoolState::kGone: return;
    case SpoolState::kYoung: some_young_ = true; return;
    case SpoolState::kFolder:
      return complain_once(one.name, "is a directory, and is left alone; put files here");
    case SpoolState::kNoFile: {
      const auto file = read_spool_file(folder_.top(), one.name);
      if (file) return;  // it has become one, and that will be noticed
      log::notice("spool: {} is rejected: {}", one.name, in_one_line(file.error().message));
      const auto moved = folder_.reject_unclaimed(one.name, file.error().message);
      return moved ? void() : complain_once(one.name, "stays: " + moved.error().message);
    }
    case SpoolState::kReady: break;
  }
  auto claim = folder_.claim(one.name);
  if (claim) return claims.push_back(*std::move(claim));
  complain_once(one.name, "stays: " + claim.error().message);
}

void SpoolWorker::prepare(const SpoolClaim& claim) {
  Result<SpoolRequest> request = read(claim);
  if (!request) {
    log::notice("spool: {} is rejected: {}", claim.name, in_one_line(request.error().message));
    return carry_out({claim, SpoolEnd::What::kRejected, "", request.error().message});
  }
  const std::lock_guard lock(mutex_);
  ++open_;
  prepared_.push_back(*std::move(request));
  waker_.wake();
}

Result<SpoolRequest> SpoolWorker::read(const SpoolClaim& claim) {
  if (wall_now() - claim.at >= settings_.claim_good_for) {
    return fail(ErrorCode::kRefused,
                fmt::format("it was taken at {}, and the controller was stopped before it was "
                            "moved on: by now nobody knows whether it was submitted. `jq history` "
                            "and `jq queue` show its owner's jobs; if it is not there, move it "
                            "into the spool directory again",
                            format_rfc3339(claim.at)));
  }
  auto file = read_spool_file(folder_.taken(), to_string(claim));
  if (!file) return tl::unexpected(file.error());
  auto tickets = settings_.reader(file->text, claim.name, file->home);
  if (!tickets) return tl::unexpected(tickets.error());
  file->text.clear();
  return SpoolRequest{claim, *std::move(file), *std::move(tickets)};
}

void SpoolWorker::complain_once(const std::string& name, const std::string& what) {
  if (complained_.insert(name).second) log::warning("spool: {} {}", name, what);
}

}  // namespace jobq::controller
