// SPDX-License-Identifier: Apache-2.0
// A ticket is written as JSON of the job language (docs/job-language.md).
#include "tests/fault/tickets.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace jobq::fault {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kElements = 6;
constexpr std::uint32_t kRetries = 3;

struct Making {
  const Setup& setup;
  Chance& chance;
  Ticket ticket = {};
  Json json = Json::object();

  // The command of a step that runs so long, and the code that it will exit with.
  Json run(const std::string& step, const std::string& kind, std::int64_t least_ms,
           std::int64_t most_ms, const std::string& resource = {}) {
    // Most succeed, so that flows go on.
    const int code = chance.one_in(3) ? static_cast<int>(chance.between(1, 99)) : 0;
    ticket.steps[step] = {kind, code};
    Json words = {setup.step, setup.directory, kind,
                  std::to_string(chance.between(least_ms, most_ms)), std::to_string(code)};
    if (!resource.empty()) words.push_back(resource);
    return words;
  }

  // A job of one step.
  void single(const std::string& kind, std::int64_t least_ms, std::int64_t most_ms) {
    json["run"] = run("main", kind, least_ms, most_ms);
  }

  void alone_with(const std::string& resource, std::int64_t least_ms, std::int64_t most_ms) {
    json["run"] = run("main", "plain", least_ms, most_ms, resource);
    json["needs"] = {{"cpus", 1}, {"exclusive", resource}};
    ticket.fenced = true;
  }
};

void quick(Making& making) { making.single("silent", 0, 0); }
void some_time(Making& making) { making.single("plain", 50, 1500); }
void long_time(Making& making) { making.single("plain", 2000, 6000); }
void forks(Making& making) { making.single("forks", 0, 300); }
void loud(Making& making) { making.single("loud", 0, 1000); }
void stubborn(Making& making) { making.single("stubborn", 100, 2000); }
void door(Making& making) { making.alone_with("door", 0, 60); }
void vault(Making& making) { making.alone_with("vault", 300, 1500); }

// Tried again elsewhere when its node is lost; with a resource, which its job holds meanwhile.
void tried_again(Making& making, const std::string& resource, std::int64_t most_ms) {
  making.json["step"] = Json::array({Json{
      {"name", "main"},
      {"run", making.run("main", "plain", 100, most_ms, resource)},
      {"retry", {{"max", kRetries}, {"on", Json::array({"node-lost"})}, {"elsewhere", true}}},
  }});
  if (!resource.empty()) making.json["needs"] = {{"exclusive", resource}};
  making.ticket.fenced = true;
  making.ticket.retries = kRetries;
}

void retried(Making& making) { tried_again(making, "", 4000); }
void retried_alone(Making& making) { tried_again(making, "desk", 1500); }

void array(Making& making) {
  making.single("plain", 0, 200);
  making.ticket.elements = kElements;
  making.json["ticket"]["array"] = fmt::format("0-{}%3", kElements - 1);
}

void flow(Making& making) {
  Json first = {{"name", "first"}, {"run", making.run("first", "plain", 0, 300)}};
  Json good = {{"name", "good"},
               {"after", Json::array({"first.success"})},
               {"run", making.run("good", "plain", 0, 300)}};
  Json bad = {{"name", "bad"},
              {"after", Json::array({"first.failure"})},
              {"run", making.run("bad", "forks", 0, 300)}};
  making.json["step"] = Json::array({first, good, bad});
  making.json["cleanup"] = {{"run", making.run("cleanup", "plain", 0, 50)}};
}

using Kind = void (*)(Making&);
struct Row {
  std::string name;
  Kind make;
};
const std::vector<Row> kKinds = {
    {"quick", quick},
    {"quick", quick},
    {"loud", loud},
    {"some-time", some_time},
    {"long-time", long_time},
    {"forks", forks},
    {"stubborn", stubborn},
    {"door", door},
    {"vault", vault},
    {"array", array},
    {"retried", retried},
    {"retried", retried},
    {"retried-alone", retried_alone},
    {"flow", flow},
};

}  // namespace

std::vector<std::string> named_resources() { return {"desk", "door", "vault"}; }

Ticket any_ticket(const Setup& setup, Chance& chance, std::uint64_t number) {
  Making making{setup, chance};
  const Row& row = chance.one_of(kKinds);
  row.make(making);
  making.ticket.kind = row.name;
  making.ticket.key = fmt::format("ticket {}", number);
  making.json["ticket"]["name"] = row.name;
  making.json["ticket"]["key"] = making.ticket.key;
  making.ticket.json = making.json.dump();
  return making.ticket;
}

}  // namespace jobq::fault
