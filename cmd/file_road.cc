// SPDX-License-Identifier: Apache-2.0
// Orders here and elsewhere.
#include "cmd/file_road.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cmd/paths.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause = seconds(2);
constexpr Millis kAnswerLimit = seconds(60);
constexpr Millis kHashLimit = seconds(3600);  // of a whole file, however large

// Connecting asks for the user's name, which one thread at a time may do.
std::mutex& connecting() {
  static std::mutex instance;
  return instance;
}

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kUnavailable;
}

Millis limit_of(const wire::FileRequest& request) {
  const bool whole = request.order().what() == wire::FileOrder::HASH && request.order().size() == 0;
  return whole ? kHashLimit : kAnswerLimit;
}

std::string home() {
  const std::string said = environment("HOME");
  return said.empty() ? "/" : said;
}

}  // namespace

void CopyBoard::say(std::string trouble) {
  const std::lock_guard lock(mutex_);
  if (trouble == trouble_) return;
  trouble_ = std::move(trouble);
  is_told_ = false;
}

std::optional<std::string> CopyBoard::take_trouble() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(is_told_, true)) return std::nullopt;
  return trouble_;
}

std::string FileSite::label() const {
  if (place.where == FilePlace::Where::kNode) return place.name + ":";
  if (place.where == FilePlace::Where::kArea) return fmt::format("area:{}/", place.name);
  return "";
}

FileRoad::FileRoad(const RoadOptions& options, CopyBoard& board)
    : options_(options), board_(board) {}

Result<FileSite> FileRoad::find(const FilePlace& place) {
  const std::string here = environment("JOBQ_NODE");
  FileSite site{place, true, "", 0};
  if (place.where == FilePlace::Where::kClient && !environment("JOBQ_JOB").empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("{}: within a job the machine of who submitted is not known; name a "
                            "node or a storage area",
                            to_string(place)));
  }
  if (place.where == FilePlace::Where::kNode) {
    site.is_local = place.name == here;
    const bool from_home = site.is_local && !place.path.starts_with('/');
    if (from_home) site.place.path = joined_path(home(), place.path);
  }
  if (place.where != FilePlace::Where::kArea) return site;
  wire::FileRequest request;
  request.set_area(place.name);
  request.set_where(true);
  Result<wire::FileReply> reply = ask_patiently(request);
  if (!reply) return tl::unexpected(reply.error());
  site.is_local = reply->node().empty() || reply->node() == here;
  if (!site.is_local) return site;
  site.root = reply->root();
  site.quota = reply->quota();
  return site;
}

Result<wire::FileReply> FileRoad::ask(const FileSite& site, wire::FileOrder order) {
  Result<wire::FileReply> reply;
  if (site.is_local) {
    order.set_root(site.root);
    order.set_quota(site.quota);
    reply = exec::carry_out(order, {::geteuid(), ::getegid(), {}}, share_);
  } else {
    wire::FileRequest request;
    const bool in_area = site.place.where == FilePlace::Where::kArea;
    (in_area ? request.mutable_area() : request.mutable_node())->assign(site.place.name);
    *request.mutable_order() = std::move(order);
    reply = ask_patiently(request);
  }
  if (!reply && !site.label().empty()) {
    reply.error().message =
        site.label() + (site.label().back() == ':' ? " " : ": ") + std::move(reply.error().message);
  }
  return reply;
}

Result<wire::FileReply> FileRoad::ask_patiently(const wire::FileRequest& request) {
  const std::int64_t end_ns = steady_now_ns() + options_.patience.count * kNsPerMs;
  Millis between = kFirstPause;
  for (;;) {
    Result<wire::FileReply> reply = ask_once(request);
    if (reply || !may_pass(reply.error()) || board_.stop) return reply;
    if (steady_now_ns() + between.count * kNsPerMs >= end_ns) return reply;
    board_.say(reply.error().message);
    pause(between);
    between = std::min(Millis{between.count * 2}, kLongestPause);
  }
}

Result<wire::FileReply> FileRoad::ask_once(const wire::FileRequest& request) {
  if (!client_) {
    const std::lock_guard lock(connecting());
    Result<Client> connected = Client::connect(options_.where);
    if (!connected) return tl::unexpected(connected.error());
    client_.emplace(std::move(*connected));
    if (std::exchange(was_connected_, true)) ++board_.cuts;
  }
  wire::Frame frame;
  *frame.mutable_file_request() = request;
  const auto id = client_->send(frame);
  Result<wire::Frame> answer = tl::unexpected(Error{});
  if (id) answer = client_->receive(limit_of(request));
  if (!id || !answer) {
    const Error error = !id ? id.error() : answer.error();
    client_.reset();
    return tl::unexpected(error);
  }
  if (answer->has_error()) return tl::unexpected(controller::from_wire(answer->error()));
  if (!answer->has_file_reply()) return unexpected_answer();
  return std::move(*answer->mutable_file_reply());
}

}  // namespace jobq::cmd
