// SPDX-License-Identifier: Apache-2.0
// The sections of a file, what they may be beside, and the class or ticket that they make.
//
// Keys are read whatever else is wrong, so that all faults are found at once; then what sched finds
// wrong is put where it stands in the file, unless something is wrong at that place already.
#include "conf/read_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "conf/draft.h"
#include "conf/read_needs.h"
#include "conf/read_recur.h"
#include "conf/read_step.h"
#include "conf/scalars.h"
#include "sched/check_spec.h"
#include "sched/values.h"

namespace jobq::conf {
namespace {

using sched::JobSpec;
using sched::Ticket;

// --- the top ------------------------------------------------------------------------------------

void read_steps(const Node& node, Draft& out, FaultSink& faults) {
  if (node.kind != Node::Kind::kList) {
    refuse(node, "a list of steps; in TOML each begins with [[step]]", faults);
    return;
  }
  if (node.children.size() > sched::kMaxSteps) {
    faults.add(node.place, fmt::format("a job has at most {} steps, found {}", sched::kMaxSteps,
                                       node.children.size()));
    return;
  }
  out.spec.steps.reserve(node.children.size());
  for (const Node& child : node.children) {
    if (faults.full()) return faults.cut();
    read_step(child, out.spec.steps.emplace_back(), faults);
  }
}

void refuse_top_after(const Node& node, Draft& /*out*/, FaultSink& faults) {
  faults.add(node.key_place, fmt::format("'{}' at the top: the job has one step, and nothing for "
                                         "it to come after; expected it in a [[step]]",
                                         node.key));
}

void refuse_misplaced(const Node& node, Draft& /*out*/, FaultSink& faults) {
  faults.add(node.key_place,
             fmt::format("'{}' at the top; expected it in [ticket] or [class]", node.key));
}

void refuse_top_kind(const Node& node, Draft& /*out*/, FaultSink& faults) {
  faults.add(node.key_place, fmt::format("'{}' at the top; expected it in a [[step]]", node.key));
}

void read_exports(const Node& node, Draft& out, FaultSink& faults) {
  if (node.kind != Node::Kind::kList) {
    refuse(node, "a list of exports; in TOML each begins with [[export]]", faults);
    return;
  }
  for (const Node& child : node.children) {
    if (faults.full()) return faults.cut();
    sched::StepSpec& step = out.exports.emplace_back();
    read_export(child, out.exports.size(), step, faults);
  }
}

// What the job does.
constexpr std::array<Key<Draft>, 12> kJobKeys = {{
    {"needs", [](const Node& n, Draft& out, FaultSink& f) { read_needs(n, out.spec.needs, f); }},
    {"step", read_steps},
    {"cleanup", [](const Node& n, Draft& out,
                   FaultSink& f) { read_cleanup(n, out.spec.cleanup.emplace(), f); }},
    {"run", [](const Node& n, Draft& out, FaultSink& f) { read_run(n, out.top, f); }},
    {"script", [](const Node& n, Draft& out, FaultSink& f) { read_script(n, out.top, f); }},
    {"give", [](const Node& n, Draft& out, FaultSink& f) { read_give(n, out.top, f); }},
    {"dispose", [](const Node& n, Draft& out, FaultSink& f) { read_dispose(n, out.top, f); }},
    {"inquire", [](const Node& n, Draft& out, FaultSink& f) { read_inquire(n, out.top, f); }},
    {"export", read_exports},
    {"exit", [](const Node& n, Draft& out, FaultSink& f) { read_exit(n, out.top, f); }},
    {"retry", [](const Node& n, Draft& out, FaultSink& f) { read_retry(n, out.top, f); }},
    {"again", [](const Node& n, Draft& out, FaultSink& f) { read_again(n, out.top, f); }},
}};

constexpr std::array<Key<Draft>, 41> kTopKeys = {{
    {"class", read_class_section},
    {"ticket", read_ticket_section},
    {"recur", read_recur},
    {"needs", read_job_key},
    {"step", read_job_key},
    {"cleanup", read_job_key},
    {"run", read_job_key},
    {"script", read_job_key},
    {"give", read_job_key},
    {"dispose", read_job_key},
    {"inquire", read_job_key},
    {"export", read_job_key},
    {"exit", read_job_key},
    {"retry", read_job_key},
    {"again", read_job_key},
    {"spawn", refuse_top_kind},
    {"wait", refuse_top_kind},
    {"send", refuse_top_kind},
    {"recv", refuse_top_kind},
    {"after", refuse_top_after},
    {"after_any", refuse_top_after},
    {"name", refuse_misplaced},
    {"version", refuse_misplaced},
    {"params", refuse_misplaced},
    {"priority", refuse_misplaced},
    {"hold", refuse_misplaced},
    {"begin", refuse_misplaced},
    {"deadline", refuse_misplaced},
    {"time_limit", refuse_misplaced},
    {"element", refuse_misplaced},
    {"key", refuse_misplaced},
    {"array", refuse_misplaced},
    {"env", refuse_misplaced},
    {"workdir", refuse_misplaced},
    {"output", refuse_misplaced},
    {"error", refuse_misplaced},
    {"append", refuse_misplaced},
    {"umask", refuse_misplaced},
    {"limits", refuse_misplaced},
    {"signal", refuse_misplaced},
    {"on_failure", refuse_misplaced},
}};
constexpr std::array<std::string_view, 5> kTopKinds = {"run", "script", "give", "dispose",
                                                       "inquire"};
constexpr std::array<std::string_view, 8> kTopStepKeys = {"run",     "script", "give",  "dispose",
                                                          "inquire", "exit",   "retry", "again"};

template <class List>
const Node* find_first(const Node& root, const List& keys) {
  for (const std::string_view key : keys) {
    if (const Node* node = root.find(key)) return node;
  }
  return nullptr;
}

// A step is in [[step]], or its keys are at the top.
void check_top_step(const Node& root, FaultSink& faults) {
  const Node* top = find_first(root, kTopStepKeys);
  if (top == nullptr) return;
  if (root.find("step") == nullptr) return check_one_kind(root, "the job", kTopKinds, faults);
  faults.add(top->key_place,
             fmt::format("'{}' beside [[step]]; expected it in a [[step]]", top->key));
}

void read_top(const Node& root, Draft& out, FaultSink& faults) {
  read_section<Draft>(root, {"the file", kTopKeys, {}}, out, faults);
  const Node* of_class = root.find("class");
  const Node* of_ticket = root.find("ticket");
  if (of_class != nullptr && of_ticket != nullptr) {
    faults.add(std::max(of_class->key_place, of_ticket->key_place),
               "a file has [class] or [ticket], not both");
  }
  finish_steps(root, out, faults);
}

// --- what sched finds ---------------------------------------------------------------------------

// Is something wrong already where a fault would be put?
bool is_faulty(const Node& node, const FaultSink& faults) {
  return faults.has(node.place) ||
         std::any_of(node.children.begin(), node.children.end(), [&](const Node& child) {
           return faults.has(child.place) || faults.has(child.key_place);
         });
}

// "export[0].to" of "step[3].dispose.to", where there are three steps.
std::optional<std::string> export_path(const Node& root, const std::string& path) {
  constexpr std::string_view kStep = "step[";
  if (!path.starts_with(kStep) || root.find("export") == nullptr) return std::nullopt;
  std::size_t position = 0;
  const char* const begin = path.data() + kStep.size();
  std::from_chars(begin, path.data() + path.size(), position);
  const Node* steps = root.find("step");
  const std::size_t before = steps == nullptr ? 1 : steps->children.size();
  if (position < before) return std::nullopt;
  const std::size_t key = path.rfind('.');
  return fmt::format("export[{}]{}", position - before,
                     key == std::string::npos ? "" : path.substr(key));
}

// The way to the same thing in a file that has no [[step]] or is a class that forgot its name.
std::string path_in(const Node& root, const std::string& path) {
  constexpr std::string_view kOnly = "step[0].";
  constexpr std::string_view kSpawn = ".spawn.";
  constexpr std::string_view kTicket = "ticket.";
  if (const std::size_t at = path.find(kSpawn); path.starts_with("step[") && at < path.size()) {
    const std::string spawn = path.substr(0, at + kSpawn.size() - 1);
    return spawn + '.' + path_in(follow(root, spawn), path.substr(at + kSpawn.size()));
  }
  if (auto of_export = export_path(root, path)) return *of_export;
  if (path.starts_with(kOnly) && root.find("step") == nullptr) return path.substr(kOnly.size());
  if (!path.starts_with(kTicket) || root.find("class") == nullptr) return path;
  return "class." + path.substr(kTicket.size());
}

void add_all(const std::vector<sched::Fault>& found, const Node& root, FaultSink& faults) {
  std::vector<Fault> placed;
  for (const sched::Fault& fault : found) {
    if (fault.path.empty()) {
      faults.cut();
      continue;
    }
    const Node& node = follow(root, path_in(root, fault.path));
    if (!is_faulty(node, faults))
      placed.push_back({{}, node.place.line, node.place.column, fault.text});
  }
  for (Fault& fault : placed) faults.add({fault.line, fault.column}, std::move(fault.text));
}

// --- tickets ------------------------------------------------------------------------------------

void refuse_beside_class(const Node* node, std::string_view label, FaultSink& faults) {
  if (node == nullptr) return;
  faults.add(node->key_place,
             fmt::format("'{}' cannot stand in {} that names a class", node->key, label));
}

// A ticket of a class has nothing of what its class says.
void check_of_class(const Node& root, FaultSink& faults) {
  refuse_own_job(root, "a ticket", faults);
  refuse_beside_class(root.find("ticket")->find("on_failure"), "a ticket", faults);
}

void complete_workdir(std::string& workdir, std::string_view here) {
  if (here.empty() || workdir.starts_with('/') || workdir.starts_with("${")) return;
  const std::string start = sched::as_literal(here);
  workdir = workdir.empty() ? start : start + '/' + workdir;
}

// What a job with its own steps has in its spec. Its parameters are those that it gives.
void move_to_spec(Ticket& ticket, JobSpec& spec) {
  spec.env = std::move(ticket.env);
  spec.workdir = std::exchange(ticket.workdir, {});
  spec.output = std::exchange(ticket.output, {});
  spec.error = std::exchange(ticket.error, {});
  spec.append = std::exchange(ticket.append, false);
  spec.umask = std::exchange(ticket.umask, std::nullopt).value_or(sched::kUsualUmask);
  spec.limits = std::move(ticket.limits);
  spec.warning = std::exchange(ticket.warning, std::nullopt);
  if (!ticket.element.empty()) spec.needs.element = std::exchange(ticket.element, {});
  for (const sched::NameValue& param : ticket.params) {
    spec.params.push_back({param.first, true, std::nullopt});
  }
}

// What [class] names is what [needs] would.
void move_class_element(const Node& of_class, Draft& draft, FaultSink& faults) {
  std::string& element = draft.spec.needs.element;
  if (element.empty()) element = std::exchange(draft.class_element, {});
  if (draft.class_element.empty() || draft.class_element == element) return;
  faults.add(of_class.find("element")->place,
             fmt::format("'{}' is not the element in [needs], '{}'; expected one of them",
                         draft.class_element, element));
}

std::shared_ptr<const JobSpec> share(JobSpec&& spec, const Node& root, SpecCache* cache,
                                     FaultSink& faults) {
  if (cache != nullptr) {
    if (auto known = cache->find(spec)) return known;
  }
  auto shared = std::make_shared<const JobSpec>(std::move(spec));
  add_all(sched::check_spec(*shared), root, faults);
  if (cache != nullptr && faults.empty()) cache->add(shared);
  return shared;
}

bool names_class(const Node& root) {
  const Node* ticket = root.find("ticket");
  return ticket != nullptr && ticket->find("class") != nullptr;
}

void check_ticket_sections(const Node& root, FaultSink& faults) {
  if (names_class(root)) {
    check_of_class(root, faults);
  } else if (!has_steps(root)) {
    faults.add(root.place, "expected a job: run, script or [[step]], or a class in [ticket]");
  }
}

}  // namespace

void read_job_key(const Node& node, Draft& out, FaultSink& faults) {
  const auto* key = std::find_if(kJobKeys.begin(), kJobKeys.end(),
                                 [&](const Key<Draft>& known) { return known.name == node.key; });
  if (key != kJobKeys.end()) key->read(node, out, faults);
}

bool has_steps(const Node& section) {
  return section.find("step") != nullptr || find_first(section, kTopStepKeys) != nullptr;
}

void finish_steps(const Node& section, Draft& out, FaultSink& faults) {
  check_top_step(section, faults);
  if (section.find("step") == nullptr && has_steps(section)) {
    out.top.name = "main";
    out.spec.steps.push_back(std::move(out.top));
  }
  for (sched::StepSpec& one : out.exports) out.spec.steps.push_back(std::move(one));
}

void refuse_own_job(const Node& section, std::string_view label, FaultSink& faults) {
  for (const Key<Draft>& key : kJobKeys) refuse_beside_class(section.find(key.name), label, faults);
}

std::shared_ptr<const JobSpec> SpecCache::find(const JobSpec& spec) const {
  const auto at =
      std::find_if(specs_.begin(), specs_.end(), [&](const auto& known) { return *known == spec; });
  return at == specs_.end() ? nullptr : *at;
}

void SpecCache::add(std::shared_ptr<const JobSpec> spec) {
  if (specs_.size() < kKept) {
    specs_.push_back(std::move(spec));
    return;
  }
  specs_[next_] = std::move(spec);
  next_ = (next_ + 1) % kKept;
}

bool is_class_file(const Node& root) { return root.find("class") != nullptr; }

Ticket read_ticket(const Node& root, std::string_view here, Time now, SpecCache* cache,
                   FaultSink& faults) {
  Draft draft;
  draft.now = now;
  read_top(root, draft, faults);
  if (const Node* of_class = root.find("class")) {
    faults.add(of_class->key_place, "this is a class; expected a ticket");
    return {};
  }
  check_ticket_sections(root, faults);
  Ticket ticket = std::move(draft.ticket);
  complete_workdir(ticket.workdir, here);
  if (!names_class(root)) {
    move_to_spec(ticket, draft.spec);
    ticket.spec = share(std::move(draft.spec), root, cache, faults);
  }
  add_all(sched::check_ticket(ticket, ticket.spec.get()), root, faults);
  return ticket;
}

std::shared_ptr<const JobSpec> read_class(const Node& root, FaultSink& faults) {
  Draft draft;
  read_top(root, draft, faults);
  const Node* of_class = root.find("class");
  if (of_class == nullptr) {
    faults.add(root.place, "expected a class: a file with [class], name and version");
    return nullptr;
  }
  if (const Node* recur = root.find("recur")) {
    faults.add(recur->key_place,
               "a class does not recur; expected [recur] in a ticket that names the class");
  }
  move_class_element(*of_class, draft, faults);
  auto spec = std::make_shared<const JobSpec>(std::move(draft.spec));
  add_all(sched::check_spec(*spec), root, faults);
  return spec;
}

}  // namespace jobq::conf
