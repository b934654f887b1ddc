// SPDX-License-Identifier: Apache-2.0
// Submitting until it is acknowledged.
#include "tests/fault/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/fault/clock.h"
#include "tests/fault/tickets.h"

namespace jobq::fault {
namespace {

constexpr std::uint64_t kStream = 1000;  // of chance
constexpr std::int64_t kPauseMs = 20;
constexpr std::int64_t kPatienceMs = 120'000;
constexpr std::ptrdiff_t kMostQueued = 60;  // jobs
constexpr std::int64_t kMostAtOnce = 8;     // tickets

}  // namespace

Load::Load(const Cluster& cluster, Chronicle& chronicle, std::uint64_t seed)
    : cluster_(cluster), chronicle_(chronicle) {
  for (const std::string& name : named_resources()) cluster.insist({"resource", "create", name});
  thread_ = std::thread([this, seed] { run(seed); });
}

Load::~Load() { end(); }

void Load::end() {
  over_ = true;
  if (thread_.joinable()) thread_.join();
}

void Load::run(std::uint64_t seed) {
  Chance chance(seed, kStream);
  std::uint64_t number = 0;
  while (!over_) {
    if (!has_room()) {
      wait_ms(kPauseMs);
      continue;
    }
    std::vector<Ticket> batch(static_cast<std::size_t>(chance.between(1, kMostAtOnce)));
    for (Ticket& ticket : batch) ticket = any_ticket(cluster_.setup(), chance, ++number);
    submit(std::move(batch));
  }
}

bool Load::has_room() const {
  const Answer answer = cluster_.ask({"queue", "--json"});
  return answer.code == 0 && std::count(answer.out.begin(), answer.out.end(), '\n') < kMostQueued;
}

// The numbers of those that were acknowledged; the rest was not, or nobody knows.
std::vector<std::uint64_t> Load::numbers_of(const std::vector<Ticket>& batch) {
  std::string input;
  for (const Ticket& ticket : batch) input += ticket.json + "\n";
  const Answer answer = cluster_.ask({"submit", "--json", "-"}, input);
  std::vector<std::uint64_t> numbers;
  std::istringstream lines(answer.out);
  for (std::string line; std::getline(lines, line);) {
    const auto said = nlohmann::json::parse(line, nullptr, false);
    if (said.is_discarded() || !said.contains("job")) break;
    numbers.push_back(said.at("job").get<std::uint64_t>());
  }
  if (answer.code == 1 || answer.code == 2) {
    chronicle_.note("load", fmt::format("code {}: {}{}", answer.code, answer.out, answer.err));
  }
  return numbers;
}

void Load::submit(std::vector<Ticket> batch) {
  const std::int64_t end_ms = steady_ms() + kPatienceMs;
  while (!batch.empty()) {
    const auto numbers = numbers_of(batch);
    for (std::size_t i = 0; i < numbers.size() && i < batch.size(); ++i) {
      batch[i].job = numbers[i];
      const std::lock_guard lock(mutex_);
      tickets_.push_back(batch[i]);
    }
    batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(
                                                   std::min(numbers.size(), batch.size())));
    if (batch.empty()) return;
    if (steady_ms() > end_ms) {
      chronicle_.broken("every submission is answered", batch.front().json);
      return;
    }
    wait_ms(kPauseMs);
  }
}

void Load::submit_again() {
  for (std::size_t begin = 0; begin < tickets_.size(); begin += 500) {
    const std::vector<Ticket> batch(
        tickets_.begin() + static_cast<std::ptrdiff_t>(begin),
        tickets_.begin() + static_cast<std::ptrdiff_t>(std::min(begin + 500, tickets_.size())));
    const auto numbers = numbers_of(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i < numbers.size() && numbers[i] == batch[i].job) continue;
      chronicle_.broken("the same key gives the same number",
                        fmt::format("{} was {}, is {}", batch[i].key, batch[i].job,
                                    i < numbers.size() ? numbers[i] : 0));
    }
  }
}

// One of the last jobs: older ones are done. Not those whose order of events a hold would break.
std::optional<std::string> Load::recent_job(Chance& chance, bool cancels) {
  const std::lock_guard lock(mutex_);
  if (tickets_.empty()) return std::nullopt;
  const auto count = static_cast<std::int64_t>(tickets_.size());
  const std::int64_t back = chance.between(1, std::min<std::int64_t>(count, 100));
  Ticket& ticket = tickets_[static_cast<std::size_t>(count - back)];
  ticket.cancelled = ticket.cancelled || cancels;
  return std::to_string(ticket.job);
}

// An order to a job that has ended is refused, which is fine.
std::optional<std::string> Load::cancel_one(Chance& chance) {
  auto job = recent_job(chance, true);
  if (job) cluster_.ask({"cancel", *job});
  return job;
}

std::optional<std::string> Load::hold_one(Chance& chance) {
  auto job = recent_job(chance, false);
  if (!job) return job;
  {
    const std::lock_guard lock(mutex_);
    held_.push_back(*job);
  }
  cluster_.ask({"hold", *job});
  return job;
}

void Load::release(const std::string& job) { cluster_.ask({"release", job}); }

void Load::release_all() {
  for (const std::string& job : held_) release(job);
}

}  // namespace jobq::fault
