// SPDX-License-Identifier: Apache-2.0
// Orders to threads and back.
#include "exec/file_desk.h"

#include <fmt/format.h>
#include <uv.h>

#include <utility>

#include "base/check.h"

namespace jobq::exec {
struct FileDesk::Work {
  uv_work_t request = {};
  std::uint64_t question = 0;
  wire::FileOrder order;
  FileUser user;
  std::shared_ptr<FileShare> share;
  std::weak_ptr<FileDesk*> desk;
  Result<wire::FileReply> reply;
};

FileDesk::FileDesk(uv_loop_s* loop, Users& users, Send send)
    : loop_(loop),
      users_(users),
      send_(std::move(send)),
      present_(std::make_shared<FileDesk*>(this)) {}

void FileDesk::carry_out(std::uint64_t question, const wire::FileOrder& order) {
  auto work = std::make_unique<Work>();
  const User& user = users_.find(order.uid(), order.gid());
  work->question = question;
  work->order = order;
  if (order.root().empty() && !order.path().starts_with('/')) {
    work->order.set_path(fmt::format("{}/{}", user.home, order.path()));
  }
  work->user = {order.uid(), order.gid(), user.groups};
  work->share = share_;
  work->desk = present_;
  work->request.data = work.get();
  const int queued = uv_queue_work(
      loop_, &work->request,
      [](uv_work_t* request) {
        Work& mine = *static_cast<Work*>(request->data);
        mine.reply = exec::carry_out(mine.order, mine.user, *mine.share);
      },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Work> mine(static_cast<Work*>(request->data));
        if (const auto desk = mine->desk.lock()) (*desk)->done(*mine);
      });
  check(queued == 0, "a loop takes work");
  (void)work.release();  // the second callback has it
}

void FileDesk::done(Work& work) {
  wire::Frame frame;
  frame.set_id(work.question);
  if (work.reply) {
    *frame.mutable_file_reply() = *std::move(work.reply);
  } else {
    frame.mutable_error()->set_code(static_cast<std::uint32_t>(work.reply.error().code));
    frame.mutable_error()->set_message(work.reply.error().message);
  }
  send_(frame);
}

void FileDesk::away() { present_ = std::make_shared<FileDesk*>(this); }

}  // namespace jobq::exec
