// SPDX-License-Identifier: Apache-2.0
// The verb inquire: are these files there, and what are they?
#include <fmt/format.h>

#include "cmd/give.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/paths.h"
#include "cmd/verbs.h"
#include "exec/report.h"
#include "net/sha256.h"
#include "sched/state.h"

namespace jobq::cmd {
namespace {

constexpr std::int64_t kNsInMs = 1'000'000;

struct InquireVerb {
  std::vector<std::string> words;
  RoadArguments road;
  bool unchecked = false;
  bool report = false;
  bool json = false;
};

struct Line {
  std::string name;
  bool is_there = false;
  wire::FileEntry entry;
  std::string sha256;  // in hexadecimal; empty where there is none
};

std::string_view kind_word(wire::FileEntry::Kind kind) {
  switch (kind) {
    case wire::FileEntry::FILE: return "file";
    case wire::FileEntry::DIRECTORY: return "directory";
    case wire::FileEntry::LINK: return "link";
    default: return "other";
  }
}

Result<Line> line_of(FileRoad& road, const FoundFile& found, bool wants_sum) {
  Line line{to_string({found.site.place.where, found.site.place.name, found.entry.name()}), true,
            found.entry, ""};
  if (!wants_sum || found.entry.kind() != wire::FileEntry::FILE) return line;
  wire::FileOrder order;
  order.set_what(wire::FileOrder::HASH);
  order.set_path(found.entry.name());
  const auto sum = road.ask(found.site, std::move(order));
  if (!sum) return tl::unexpected(sum.error());
  line.sha256 = net::to_hex(sum->sha256());
  return line;
}

Result<std::vector<Line>> look_up(FileRoad& road, const InquireVerb& verb) {
  std::vector<Line> lines;
  for (const std::string& word : verb.words) {
    const auto found = find_files(road, word);
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) lines.push_back({word, false, {}, ""});
    for (const FoundFile& one : *found) {
      auto line = line_of(road, one, !verb.unchecked);
      if (!line) return tl::unexpected(line.error());
      lines.push_back(std::move(*line));
    }
  }
  return lines;
}

void print_as_json(const Line& line) {
  JsonWriter json;
  json.object();
  json.field("file", line.name);
  json.field("present", line.is_there);
  if (line.is_there) {
    json.field("kind", kind_word(line.entry.kind()));
    json.field("size", line.entry.size());
    json.field("modified", Time{line.entry.mtime_ns() / kNsInMs});
    json.field("sha256", unless_empty(line.sha256));
  }
  json.end();
  print(json.line());
}

void print_line(const Line& line) {
  if (!line.is_there) return print(fmt::format("absent  {}\n", line.name));
  print(fmt::format("{}  {}  {}  {}\n",
                    line.sha256.empty() ? std::string(kind_word(line.entry.kind())) : line.sha256,
                    line.entry.size(), format_rfc3339(Time{line.entry.mtime_ns() / kNsInMs}),
                    line.name));
}

Result<void> report(bool all_there) {
  const std::string socket = environment("JOBQ_NODE_SOCKET");
  const std::string token = environment("JOBQ_TOKEN");
  if (socket.empty() || token.empty()) {
    return fail(ErrorCode::kUsage, "--report: this is no step of a job");
  }
  return exec::send_report(socket, token, static_cast<int>(sched::Outcome::kNone),
                           all_there ? "present" : "absent", exec::kReportPatience);
}

Result<int> inquire(const InquireVerb& verb) {
  if (verb.words.empty()) return fail(ErrorCode::kUsage, "no file is named");
  const RoadOptions options = verb.road.options();
  CopyBoard board;
  FileRoad road(options, board);
  const auto lines = look_up(road, verb);
  if (!lines) return tl::unexpected(lines.error());
  bool all_there = true;
  for (const Line& line : *lines) {
    all_there = all_there && line.is_there;
    verb.json ? print_as_json(line) : print_line(line);
  }
  if (!verb.report) return all_there ? 0 : 1;
  const Result<void> told = report(all_there);
  if (!told) return tl::unexpected(told.error());
  return 0;
}

}  // namespace

Result<int> run_inquire(const Words& words) {
  InquireVerb verb;
  Options options("jq inquire PLACE...",
                  "Says whether files are there, and of each its SHA-256, its size in bytes, when "
                  "it was changed, and its name.\nA place is a path here, NODE:PATH, or "
                  "area:NAME/PATH, also with * and ?.\nThe exit code is 1 where one is absent.");
  options.words(verb.words);
  options.flag("--no-checksum", verb.unchecked, "without checksums, which need all of each file");
  options.flag("--report", verb.report,
               "inside a step: its event value becomes present or absent, and the exit code 0");
  options.flag("--json", verb.json, "a line of JSON for each file");
  add_road_options(options, verb.road);
  options.examples(
      "  jq inquire area:results/plan.pdf\n"
      "  jq inquire --no-checksum 'n1:/scratch/*.dat'\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : inquire(verb);
}

}  // namespace jobq::cmd
