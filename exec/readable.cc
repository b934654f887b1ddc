// SPDX-License-Identifier: Apache-2.0
// uv_poll_t with the descriptor that it looks at.
#include "exec/readable.h"

#include <uv.h>

#include <utility>

#include "base/check.h"

namespace jobq::exec {

struct Readable::Watch {
  uv_poll_t poll{};
  Descriptor from;
  std::function<void(int)> call;

  static Watch* of(void* handle) {
    return static_cast<Watch*>(static_cast<uv_handle_t*>(handle)->data);
  }
};

Readable::Readable(uv_loop_s* loop, Descriptor from, std::function<void(int)> call)
    : watch_(new Watch{{}, std::move(from), std::move(call)}) {
  check(uv_poll_init(loop, &watch_->poll, watch_->from.get()) == 0, "a descriptor on the loop");
  watch_->poll.data = watch_;
  uv_poll_start(&watch_->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    const Watch& watch = *Watch::of(poll);
    watch.call(watch.from.get());
  });
}

Readable::~Readable() {
  uv_close(reinterpret_cast<uv_handle_t*>(&watch_->poll),
           [](uv_handle_t* handle) { delete Watch::of(handle); });
}

int Readable::descriptor() const { return watch_->from.get(); }

}  // namespace jobq::exec
