// SPDX-License-Identifier: Apache-2.0
// The agent's part in copying files: it carries out the controller's orders on threads beside the
// loop, as the user who asked.
//
// Orders are done one by one and remember nothing of each other, so that a lost connection, or a
// restart of anybody, costs the order that was under way. What comes of an order after its
// controller went away is told to nobody: the next controller counts its questions anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "exec/file_work.h"
#include "exec/users.h"
#include "net/jobq.pb.h"

struct uv_loop_s;

namespace jobq::exec {

class FileDesk {
 public:
  using Send = std::function<void(const wire::Frame&)>;  // to the controller

  FileDesk(uv_loop_s* loop, Users& users, Send send);
  ~FileDesk() { share_->long_work.stop(); }
  FileDesk(const FileDesk&) = delete;
  FileDesk& operator=(const FileDesk&) = delete;

  // The controller orders.
  void carry_out(std::uint64_t question, const wire::FileOrder& order);
  // It is gone.
  void away();

 private:
  struct Work;

  void done(Work& work);

  uv_loop_s* loop_;
  Users& users_;
  Send send_;
  std::shared_ptr<FileShare> share_ = std::make_shared<FileShare>();
  // One for each time with a controller; work that is not of this one has nobody to tell.
  std::shared_ptr<FileDesk*> present_;
};

}  // namespace jobq::exec
