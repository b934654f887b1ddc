// SPDX-License-Identifier: Apache-2.0
// signalfd(2) on libuv.
#include "exec/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>

#include "base/check.h"
#include "exec/files.h"

namespace jobq::exec {

struct Signals::Watch {
  uv_poll_t poll{};
  Descriptor signals;
  std::function<void(int)> call;

  static Watch* of(void* handle) {
    return static_cast<Watch*>(static_cast<uv_handle_t*>(handle)->data);
  }
  void take_one() const {
    signalfd_siginfo info = {};
    if (read(signals.get(), &info, sizeof info) == sizeof info) {
      call(static_cast<int>(info.ssi_signo));
    }
  }
};

Signals::Signals(uv_loop_s* loop, std::initializer_list<int> numbers, std::function<void(int)> call)
    : watch_(new Watch) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watch_->signals = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  watch_->call = std::move(call);
  check(uv_poll_init(loop, &watch_->poll, watch_->signals.get()) == 0, "a descriptor of signals");
  watch_->poll.data = watch_;
  uv_poll_start(&watch_->poll, UV_READABLE,
                [](uv_poll_t* poll, int, int) { Watch::of(poll)->take_one(); });
}

Signals::~Signals() {
  uv_close(reinterpret_cast<uv_handle_t*>(&watch_->poll),
           [](uv_handle_t* handle) { delete Watch::of(handle); });
}

}  // namespace jobq::exec
