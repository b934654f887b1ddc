// SPDX-License-Identifier: Apache-2.0
// The verbs give and dispose: files from place to place.
#include "cmd/give.h"

#include <fmt/format.h>

#include "cmd/copying.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

struct CopyVerb {
  std::vector<std::string> words;
  RoadArguments road;
  std::optional<std::uint32_t> streams;
  bool recursive = false;
  bool unchecked = false;
  bool json = false;
};

void print_summary(const CopyVerb& verb, const Copied& copied) {
  if (verb.json) {
    JsonWriter json;
    json.object();
    json.field("files", copied.files);
    json.field("directories", copied.directories);
    json.field("links", copied.links);
    json.field("bytes", copied.bytes);
    json.field("resumed_bytes", copied.resumed_bytes);
    json.field("reconnects", copied.reconnects);
    json.field("seconds", copied.seconds);
    json.end();
    return print(json.line());
  }
  std::string text = fmt::format("{} file{}, {}", copied.files, copied.files == 1 ? "" : "s",
                                 human_bytes(copied.bytes));
  if (copied.directories > 0) text += fmt::format(", {} directories", copied.directories);
  if (copied.links > 0) text += fmt::format(", {} links", copied.links);
  text += fmt::format(" in {:.1f}s", copied.seconds);
  if (copied.resumed_bytes > 0) {
    text += fmt::format(", {} of it before", human_bytes(copied.resumed_bytes));
  }
  print(text + "\n");
}

Result<int> copy_all(const CopyVerb& verb) {
  if (verb.words.size() < 2) {
    return fail(ErrorCode::kUsage, "expected what is copied, and where to");
  }
  CopyOptions options{verb.road.options(), verb.streams.value_or(0), !verb.unchecked};
  if (verb.streams && (options.streams == 0 || options.streams > kMostStreams)) {
    return fail(ErrorCode::kUsage, fmt::format("--streams: expected 1 to {}", kMostStreams));
  }
  const Result<Copied> copied = copy_files(
      options, {{verb.words.begin(), verb.words.end() - 1}, verb.words.back(), verb.recursive});
  if (!copied) return tl::unexpected(copied.error());
  print_summary(verb, *copied);
  return 0;
}

}  // namespace

RoadOptions RoadArguments::options() const {
  RoadOptions options;
  options.where = where;
  if (patience) options.patience = *patience;
  return options;
}

void add_road_options(Options& options, RoadArguments& to) {
  options.value("--patience", "TIME", into(to.patience),
                "how long to try again where a connection is cut; 10m");
  add_controller_options(options, to.where);
}

Result<int> run_copy(const Words& words, std::string usage, std::string about,
                     std::string examples) {
  CopyVerb verb;
  Options options(std::move(usage), std::move(about));
  options.words(verb.words);
  options.flag("-r,--recursive", verb.recursive, "directories with all that is in them");
  options.value("--streams", "N", into(verb.streams),
                "so many connections for each file; 1, from 64M on 4");
  options.flag("--no-checksum", verb.unchecked, "do not compare checksums at the end");
  options.flag("--json", verb.json, "what was copied as JSON");
  add_road_options(options, verb.road);
  options.examples(std::move(examples));
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  return copy_all(verb);
}

Result<int> run_give(const Words& words) {
  return run_copy(words, "jq give SRC... DST",
                  "Brings files to where they are needed. A place is a path here, NODE:PATH, or "
                  "area:NAME/PATH. A file has\nits name when all of it is there and its checksum "
                  "is right, not before; a copy that was cut goes on\nwhere it was.",
                  "  jq give n1:/scratch/result.bin .\n"
                  "  jq give 'area:input/*.dat' work/\n"
                  "  jq give --streams 8 model.bin n2:/scratch/\n");
}

Result<int> run_dispose(const Words& words) {
  return run_copy(words, "jq dispose SRC... DST",
                  "Carries files to elsewhere, as `jq give` does: the two say from which side one "
                  "looks. The files stay where\nthey are, too.",
                  "  jq dispose result.bin area:results/2026/\n"
                  "  jq dispose --recursive logs n1:/srv/logs/\n");
}

}  // namespace jobq::cmd
