// SPDX-License-Identifier: Apache-2.0
// The life of a daemon's process.
#include "cmd/service.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "cmd/detach.h"
#include "cmd/messages.h"
#include "cmd/notify.h"
#include "cmd/paths.h"

namespace jobq::cmd {
namespace {

constexpr std::uint64_t kReadyEveryMs = 5;
constexpr std::uint64_t kPatienceMs = 10000;  // of somebody who waits for --detach
constexpr std::int64_t kBeatMs = 5000;        // how old what the service manager shows may be

// Every connection is a descriptor, and a peer that went away is no reason to die.
void prepare_process() {
  ::umask(022);
  ::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

class ServiceLoop {
 public:
  ServiceLoop(const ServicePlan& plan, Detached& detached) : plan_(plan), detached_(detached) {
    check(uv_loop_init(&loop_) == 0, "a loop can be made");
    for (uv_handle_t* handle : handles()) handle->data = this;
  }
  ~ServiceLoop() {
    service_ = {};  // what it holds lives on the loop
    for (uv_handle_t* handle : handles()) {
      if (handle->type != UV_UNKNOWN_HANDLE && uv_is_closing(handle) == 0)
        uv_close(handle, nullptr);
    }
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  ServiceLoop(const ServiceLoop&) = delete;
  ServiceLoop& operator=(const ServiceLoop&) = delete;

  Result<int> run() {
    watch(terminate_, SIGTERM);
    watch(interrupt_, SIGINT);
    Result<Service> service = plan_.start(&loop_);
    if (!service) return tl::unexpected(service.error());
    service_ = std::move(*service);
    uv_timer_init(&loop_, &look_);
    uv_timer_start(&look_, on_look, 0, kReadyEveryMs);
    began_ms_ = uv_now(&loop_);
    if (!service_.waits_for.empty()) notify_ready();
    begin_to_beat();
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (failure_) return tl::unexpected(*failure_);
    return 0;
  }

 private:
  std::array<uv_handle_t*, 4> handles() {
    return {reinterpret_cast<uv_handle_t*>(&terminate_),
            reinterpret_cast<uv_handle_t*>(&interrupt_), reinterpret_cast<uv_handle_t*>(&look_),
            reinterpret_cast<uv_handle_t*>(&beat_)};
  }

  void watch(uv_signal_t& handle, int number) {
    uv_signal_init(&loop_, &handle);
    uv_signal_start(
        &handle, [](uv_signal_t* of, int) { static_cast<ServiceLoop*>(of->data)->stop(); }, number);
  }

  static void on_look(uv_timer_t* timer) { static_cast<ServiceLoop*>(timer->data)->look(); }

  void look() {
    if (!service_.ready()) return give_up_if_late();
    uv_timer_stop(&look_);
    log::notice("ready: {}", service_.greeting);
    if (service_.waits_for.empty()) notify_ready();
    beat();
    if (!service_.advice.empty() && ::isatty(STDERR_FILENO) == 1) note(service_.advice);
    detached_.tell_ready();
  }

  // Twice within what the watchdog allows: a beat that comes late is no reason to end the process.
  void begin_to_beat() {
    if (!somebody_is_notified()) return;
    watched_ = watchdog_limit();
    const auto every = static_cast<std::uint64_t>(
        watched_ ? std::clamp<std::int64_t>(watched_->count / 2, 1, kBeatMs) : kBeatMs);
    uv_timer_init(&loop_, &beat_);
    uv_timer_start(
        &beat_, [](uv_timer_t* timer) { static_cast<ServiceLoop*>(timer->data)->beat(); }, 0,
        every);
  }

  void beat() {
    if (stopping_) return;
    const std::string& status = service_.ready() ? service_.greeting : service_.waits_for;
    if (status != told_) notify_status(status);
    told_ = status;
    if (watched_ && (!service_.works || service_.works())) notify_alive();
  }

  // Whoever waits at a terminal is told; a service that nobody waits for goes on trying.
  void give_up_if_late() {
    const std::uint64_t waited_ms = uv_now(&loop_) - began_ms_;
    if (!detached_.is_waited_for() || stopping_ || waited_ms < kPatienceMs) return;
    failure_ =
        Error{ErrorCode::kUnreachable,
              fmt::format("it was not ready within {} s, and was ended; its log, {}, says why",
                          kPatienceMs / 1000, detached_.log())};
    stop();
  }

  // The first signal ends the service in order; the second one the process.
  void stop() {
    if (stopping_) {
      log::warning("ended by a second signal");
      ::_exit(1);
    }
    stopping_ = true;
    log::notice("stopping");
    notify_stopping();
    uv_timer_stop(&look_);
    service_.stop([this] { uv_stop(&loop_); });
  }

  const ServicePlan& plan_;
  Detached& detached_;
  uv_loop_t loop_{};
  uv_signal_t terminate_{};
  uv_signal_t interrupt_{};
  uv_timer_t look_{};
  uv_timer_t beat_{};
  Service service_;
  std::optional<Millis> watched_;
  std::string told_;  // the status that the service manager has
  std::optional<Error> failure_;
  std::uint64_t began_ms_ = 0;
  bool stopping_ = false;
};

}  // namespace

void add_service_options(Options& options, ServiceOptions& to) {
  options.flag("--detach", to.detach, "go to the background, and return when it is ready");
  options.value("--log", "FILE", into(to.log), "where it logs with --detach; STATE/log");
}

Result<int> run_service(const ServiceOptions& options, const ServicePlan& plan) {
  if (options.log && !options.detach) {
    return fail(ErrorCode::kUsage,
                "--log goes with --detach; in the foreground, redirect standard "
                "error");
  }
  log::set_origin(plan.origin);
  Detached detached;
  if (options.detach) {
    const std::string log = absolute_path(options.log.value_or(plan.log));
    const Result<Detached::Side> side = detached.detach(log);
    if (!side) return tl::unexpected(side.error());
    if (*side == Detached::Side::kCaller) return 0;
  }
  prepare_process();
  Result<int> result = ServiceLoop(plan, detached).run();
  if (result) return result;
  detached.tell_failure(result.error());
  return result;
}

}  // namespace jobq::cmd
