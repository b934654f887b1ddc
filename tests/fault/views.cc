// SPDX-License-Identifier: Apache-2.0
// Reading the JSON of commands; its names are a contract (jobq-show(1)).
#include "tests/fault/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/time.h"

namespace jobq::fault {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kJobsAtOnce = 400;

template <class T>
std::optional<T> field(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || at->is_null()) return std::nullopt;
  return at->get<T>();
}

std::int64_t time_ms(const Json& json, const char* name) {
  const auto text = field<std::string>(json, name);
  if (!text) return 0;
  const auto time = parse_rfc3339(*text);
  return time ? time->ms : 0;
}

AttemptSaid attempt_said(const Json& json) {
  AttemptSaid attempt;
  attempt.attempt = json.at("attempt").get<std::uint32_t>();
  attempt.node = field<std::string>(json, "node").value_or("");
  attempt.exit_code = field<int>(json, "exit_code");
  attempt.signal = field<int>(json, "signal");
  attempt.reason = field<std::string>(json, "reason").value_or("");
  attempt.started_ms = time_ms(json, "started");
  attempt.ended_ms = time_ms(json, "ended");
  return attempt;
}

JobSaid job_said(const Json& json) {
  JobSaid job;
  const auto index = field<std::uint64_t>(json, "index");
  job.job = std::to_string(json.at("job").get<std::uint64_t>());
  if (index) job.job += fmt::format("[{}]", *index);
  job.state = json.at("state").get<std::string>();
  job.is_array = json.contains("array");
  for (const Json& part : json.at("steps")) {
    StepSaid step{part.at("name").get<std::string>(), part.at("state").get<std::string>(), {}};
    for (const Json& attempt : part.at("attempts")) {
      step.attempts.push_back(attempt_said(attempt));
    }
    job.steps.push_back(std::move(step));
  }
  return job;
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_discarded()) result.push_back(std::move(json));
  }
  return result;
}

std::vector<std::string> numbers(const Answer& answer) {
  std::vector<std::string> result;
  for (const Json& json : lines_of(answer.out)) {
    result.push_back(std::to_string(json.at("job").get<std::uint64_t>()));
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace

std::vector<JobSaid> show(const Cluster& cluster, const std::vector<std::string>& jobs) {
  std::vector<JobSaid> result;
  for (std::size_t begin = 0; begin < jobs.size(); begin += kJobsAtOnce) {
    const std::size_t end = std::min(begin + kJobsAtOnce, jobs.size());
    Words words = {"show", "--json"};
    words.insert(words.end(), jobs.begin() + static_cast<std::ptrdiff_t>(begin),
                 jobs.begin() + static_cast<std::ptrdiff_t>(end));
    for (const Json& json : lines_of(cluster.ask(words).out)) result.push_back(job_said(json));
  }
  return result;
}

std::vector<std::string> numbers_in_history(const Cluster& cluster) {
  return numbers(cluster.ask({"history", "--json", "--limit", "1000000"}));
}

std::vector<std::string> held_by_nobody(const Cluster& cluster) {
  std::vector<std::string> result;
  const auto is_held = [](const Json& thing) { return thing.at("total") != thing.at("free"); };
  for (const Json& node : lines_of(cluster.ask({"node", "list", "--json"}).out)) {
    const Json& all = node.at("resources");
    if (std::any_of(all.begin(), all.end(), is_held)) result.push_back(node.dump());
  }
  for (const Json& resource : lines_of(cluster.ask({"resource", "list", "--json"}).out)) {
    if (is_held(resource)) result.push_back(resource.dump());
  }
  return result;
}

std::vector<std::string> numbers_in_queue(const Cluster& cluster) {
  return numbers(cluster.ask({"queue", "--json", "--limit", "0"}));
}

}  // namespace jobq::fault
