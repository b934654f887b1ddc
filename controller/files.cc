// SPDX-License-Identifier: Apache-2.0
// Requests about files, and what becomes of them.
#include "controller/files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "controller/translate.h"

namespace jobq::controller {
namespace {

// Of half a megabyte each: a node with 20 Mbit/s has them within two seconds.
constexpr std::size_t kMostUnderWay = 8;

wire::Frame error_frame(ErrorCode code, std::string message) {
  wire::Frame frame;
  to_wire(Error{code, std::move(message)}, *frame.mutable_error());
  return frame;
}

wire::Frame place_frame(const Area& area) {
  wire::Frame frame;
  wire::FileReply& reply = *frame.mutable_file_reply();
  reply.set_node(area.node);
  reply.set_root(area.path);
  reply.set_quota(area.quota.count);
  return frame;
}

wire::Frame no_area(const std::string& name, const std::vector<Area>& areas) {
  std::vector<std::string_view> names;
  for (const Area& area : areas) names.push_back(area.name);
  return error_frame(ErrorCode::kNotFound,
                     names.empty() ? fmt::format("there is no storage area {}: the controller's "
                                                 "configuration has no [area.NAME]",
                                                 name)
                                   : fmt::format("there is no storage area {}; there are: {}", name,
                                                 fmt::join(names, ", ")));
}

}  // namespace

Files::Files(std::vector<Area> areas, Order order)
    : areas_(std::move(areas)), order_(std::move(order)) {
  std::sort(areas_.begin(), areas_.end(),
            [](const Area& a, const Area& b) { return a.name < b.name; });
}

const Area* Files::find(const std::string& name) const {
  const auto at = std::find_if(areas_.begin(), areas_.end(),
                               [&](const Area& area) { return area.name == name; });
  return at == areas_.end() ? nullptr : &*at;
}

void Files::ask(std::uint32_t uid, std::uint32_t gid, const wire::FileRequest& request,
                const Answer& answer) {
  wire::FileOrder order = request.order();
  order.set_uid(uid);
  order.set_gid(gid);
  order.clear_root();
  order.clear_quota();
  if (request.area().empty()) {
    if (request.node().empty()) {
      return answer(error_frame(ErrorCode::kUsage, "neither a node nor a storage area is named"));
    }
    return pass_on(request.node(), std::move(order), answer);
  }
  const Area* area = find(request.area());
  if (!area) return answer(no_area(request.area(), areas_));
  if (request.where()) return answer(place_frame(*area));
  if (area->node.empty()) {
    return answer(error_frame(ErrorCode::kUsage,
                              fmt::format("the storage area {} is on every machine", area->name)));
  }
  order.set_root(area->path);
  order.set_quota(area->quota.count);
  pass_on(area->node, std::move(order), answer);
}

void Files::pass_on(const std::string& node, wire::FileOrder order, const Answer& answer) {
  std::size_t& under_way = under_way_[node];
  if (under_way >= kMostUnderWay) {
    return answer(error_frame(ErrorCode::kUnavailable,
                              fmt::format("node {} has many copies under way", node)));
  }
  ++under_way;
  order_(node, std::move(order), [this, node, answer](const wire::Frame& frame) {
    if (--under_way_[node] == 0) under_way_.erase(node);
    answer(frame);
  });
}

}  // namespace jobq::controller
