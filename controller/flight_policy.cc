// SPDX-License-Identifier: Apache-2.0
// Policies into the start of a recording and back.
#include "controller/flight_policy.h"

#include <fmt/format.h>

#include "controller/flight_log.h"
#include "controller/translate.h"
#include "controller/wire_checks.h"

namespace jobq::controller {

using sched::Policy;

void to_wire(const Policy& policy, wire::FlightStart& out) {
  out.set_version(kFlightVersion);
  out.set_keep_keys(policy.keep_keys.count);
  out.set_keep_request_keys(policy.keep_request_keys.count);
  out.set_cleanup_limit(policy.cleanup_limit.count);
  out.set_backfill(static_cast<std::uint32_t>(policy.scheduling.backfill));
  out.set_depth(policy.scheduling.depth);
  to_wire(policy, *out.mutable_policy());
}

Result<Policy> from_wire(const wire::FlightStart& in) {
  if (in.version() != kFlightVersion) {
    return fail(ErrorCode::kRefused,
                fmt::format("the recording has version {}, and this program reads version {}",
                            in.version(), kFlightVersion));
  }
  Policy policy;
  policy.keep_keys = Millis{in.keep_keys()};
  policy.keep_request_keys = Millis{in.keep_request_keys()};
  policy.cleanup_limit = Millis{in.cleanup_limit()};
  const auto backfill =
      checked_enum(in.backfill(), resmgr::Backfill::kConservative, "kind of backfilling");
  if (!backfill) return tl::unexpected(backfill.error());
  policy.scheduling.backfill = *backfill;
  policy.scheduling.depth = in.depth();
  if (const auto read = from_wire(in.policy(), policy); !read) {
    return tl::unexpected(read.error());
  }
  return policy;
}

}  // namespace jobq::controller
