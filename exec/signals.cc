// SPDX-License-Identifier: Apache-2.0
// signalfd(2) on libuv.
#include "exec/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace jobq::exec {
namespace {

Descriptor blocked(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

Signals::Signals(uv_loop_s* loop, std::initializer_list<int> numbers, std::function<void(int)> call)
    : signals_(loop, blocked(numbers), [call = std::move(call)](int signals) {
        signalfd_siginfo info = {};
        const bool taken = read(signals, &info, sizeof info) == sizeof info;
        if (taken) call(static_cast<int>(info.ssi_signo));
      }) {}

}  // namespace jobq::exec
