// SPDX-License-Identifier: Apache-2.0
// The jobs of a fault test: tickets of several kinds, submitted by `jq submit -` again and again
// until each is acknowledged, and what is known of them when the checker asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/chance.h"
#include "tests/fault/chronicle.h"
#include "tests/fault/cluster.h"

namespace jobq::fault {

struct StepPlan {
  std::string kind;  // of fault_step
  int code = 0;      // that it exits with
};

struct Ticket {
  std::string key = {};
  std::string kind = {};
  std::string json = {};
  std::map<std::string, StepPlan> steps = {};
  std::uint32_t elements = 0;  // of an array
  bool fenced = false;         // it may be ended by the lease
  std::uint32_t retries = 0;   // that its policy allows
  bool cancelled = false;      // somebody tried to
  std::uint64_t job = 0;       // its number, once that was acknowledged
};

class Load {
 public:
  Load(const Cluster& cluster, Chronicle& chronicle, std::uint64_t seed);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // No new tickets; those that were sent are acknowledged when it returns.
  void end();
  // Every ticket once more: the same keys must give the same numbers.
  void submit_again();

  // Orders of an operator about a job that may still run; the job, where there was one.
  std::optional<std::string> cancel_one(Chance& chance);
  std::optional<std::string> hold_one(Chance& chance);
  void release(const std::string& job);
  // All that were held, once the cluster is well: an order may have been lost before.
  void release_all();

  const std::vector<Ticket>& tickets() const { return tickets_; }  // after the end

 private:
  void run(std::uint64_t seed);
  bool has_room() const;
  void submit(std::vector<Ticket> batch);
  std::vector<std::uint64_t> numbers_of(const std::vector<Ticket>& batch);
  std::optional<std::string> recent_job(Chance& chance, bool cancels);

  const Cluster& cluster_;
  Chronicle& chronicle_;
  std::mutex mutex_;  // of the two below
  std::vector<Ticket> tickets_;
  std::vector<std::string> held_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace jobq::fault
