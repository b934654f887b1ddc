// SPDX-License-Identifier: Apache-2.0
// The verb version.
#include "cmd/version.h"

#include <fmt/format.h>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "net/connection.h"

namespace jobq::cmd {

Result<int> run_version(const Words& words) {
  bool json = false;
  Options options("jq version [--json]", "Prints the version of this program.");
  options.flag("--json", json, "as JSON: version and protocol");
  options.examples("  jq version\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (!json) {
    print(fmt::format("jobq {}\n", kVersion));
    return 0;
  }
  JsonWriter out;
  out.object();
  out.field("version", kVersion);
  out.field("protocol", net::kProtocol);
  out.end();
  print(out.line());
  return 0;
}

}  // namespace jobq::cmd
