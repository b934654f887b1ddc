// SPDX-License-Identifier: Apache-2.0
// The verb show: everything about a job, a class, a node, a resource.
#include <fmt/format.h>

#include "cmd/class_views.h"
#include "cmd/job_arguments.h"
#include "cmd/job_graph.h"
#include "cmd/job_views.h"
#include "cmd/messages.h"
#include "cmd/node_views.h"
#include "cmd/options.h"
#include "cmd/resource_views.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

struct ShowOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  bool json = false;
  bool graph = false;
  bool dot = false;
};

Result<void> show_class(Client& client, const std::string& name, bool as_json) {
  const Result<wire::ClassView> view = ask_for_class(client, parse_class_name(name));
  if (!view) return tl::unexpected(view.error());
  as_json ? print_class_as_json(*view, true) : print_class_text(*view);
  return {};
}

Result<void> show_node(Client& client, const std::string& name, bool as_json) {
  const Result<wire::NodeView> node = ask_for_node(client, name);
  if (!node) return tl::unexpected(node.error());
  as_json ? print_node_as_json(*node) : print_node(*node);
  return {};
}

Result<void> show_resource(Client& client, const std::string& name, bool as_json) {
  const Result<wire::ResourceView> resource = ask_for_resource(client, name);
  if (!resource) return tl::unexpected(resource.error());
  if (as_json) {
    print_resource_as_json(*resource);
    return {};
  }
  wire::ResourceList list;
  *list.add_resources() = *resource;
  print_resource_table(list);
  return {};
}

Result<void> show_job(Client& client, JobRef number, bool as_json) {
  const Result<sched::JobDetail> job = ask_for_job(client, number);
  if (!job) return tl::unexpected(job.error());
  as_json ? print_job_as_json(*job) : print_job(*job);
  return {};
}

// Steps belong to jobs alone, and of arrays to their elements.
Result<void> draw_job(Client& client, const std::string& word, bool as_dot) {
  const Result<JobRef> number = parse_job(word);
  if (!number) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no job number; only the steps of jobs can be drawn", word));
  }
  const Result<sched::JobDetail> job = ask_for_job(client, *number);
  if (!job) return tl::unexpected(job.error());
  if (job->array) {
    return fail(ErrorCode::kUsage,
                fmt::format("job {0} is an array; `jq show '{0}[INDEX]' {1}` draws the steps of an "
                            "element",
                            word, as_dot ? "--dot" : "--graph"));
  }
  print(as_dot ? graph_dot(*job) : graph_text(*job, standard_output(), wall_now()));
  return {};
}

using Shower = Result<void> (*)(Client&, const std::string&, bool);

struct Kind {
  std::string_view word;
  Shower show;
};
constexpr Kind kKinds[] = {{"node", show_node}, {"class", show_class}, {"resource", show_resource}};

// A name alone: a node, else a class, else a resource.
Result<void> show_by_name(Client& client, const std::string& name, bool as_json) {
  for (const Kind& kind : kKinds) {
    Result<void> shown = kind.show(client, name, as_json);
    if (shown || shown.error().code != ErrorCode::kNotFound) return shown;
  }
  return fail(
      ErrorCode::kNotFound,
      fmt::format("there is no node, class or resource '{}', and it is no job number", name));
}

bool begins_with_digit(const std::string& word) {
  return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

Result<void> show_word(Client& client, const std::string& word, bool as_json) {
  if (const Result<JobRef> job = parse_job(word)) return show_job(client, *job, as_json);
  if (!begins_with_digit(word)) return show_by_name(client, word, as_json);
  const Result<JobAndStep> step = parse_job_and_step(word);
  if (!step) return show_by_name(client, word, as_json);
  return fail(ErrorCode::kUsage, fmt::format("'{}' is a step; `jq show {}` shows it with its job",
                                             word, to_string(step->job)));
}

Result<int> show(const ShowOptions& options) {
  const std::vector<std::string>& words = options.words;
  if (words.empty()) {
    return fail(
        ErrorCode::kUsage,
        "nothing is named; expected a job number, or `class`, `node` or `resource` and a name");
  }
  if (options.json && (options.graph || options.dot)) {
    return fail(ErrorCode::kUsage, "--json has the steps with their conditions; it draws nothing");
  }
  Result<Client> client = Client::connect(options.where);
  if (!client) return tl::unexpected(client.error());
  if (options.graph || options.dot) {
    for (const std::string& word : words) {
      const Result<void> drawn = draw_job(*client, word, options.dot);
      if (!drawn) return tl::unexpected(drawn.error());
    }
    return 0;
  }
  for (const Kind& kind : kKinds) {
    if (words.front() != kind.word || words.size() < 2) continue;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const Result<void> shown = kind.show(*client, words[i], options.json);
      if (!shown) return tl::unexpected(shown.error());
    }
    return 0;
  }
  for (const std::string& word : words) {
    const Result<void> shown = show_word(*client, word, options.json);
    if (!shown) return tl::unexpected(shown.error());
  }
  return 0;
}

}  // namespace

Result<int> run_show(const Words& words) {
  ShowOptions verb;
  Options options(
      "jq show JOB... | class NAME | node NAME | resource NAME",
      "Shows everything about a job with its steps and attempts, or about a class, a node, "
      "a resource.\nA name alone is looked for among nodes, classes and resources.");
  options.words(verb.words);
  options.flag("--graph", verb.graph,
               "draw a job's steps: which comes after which, how far each is");
  options.flag("--dot", verb.dot, "the same for Graphviz: jq show 17 --dot | dot -Tsvg");
  options.flag("--json", verb.json, "a line of JSON for each thing");
  add_controller_options(options, verb.where);
  options.examples(
      "  jq show 17\n"
      "  jq show '17[3]'\n"
      "  jq show 17 --graph\n"
      "  jq show 17 --json | command -p jq '.steps[].attempts'\n"
      "  jq show class daily-plan@2\n"
      "  jq show node n1\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : show(verb);
}

}  // namespace jobq::cmd
