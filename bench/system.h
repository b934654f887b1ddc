// SPDX-License-Identifier: Apache-2.0
// What the benchmarks of the whole system share: the table of figures, the choice of rows, a
// client, and the bare rate of starts that figures are compared with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/programs.h"
#include "controller/translate.h"
#include "net/client.h"
#include "net/connection.h"

namespace jobq::bench {

inline void print_head() {
  fmt::print("{:<44} {:>14} {:>22} {:>8} {:>12}  {}\n", "what", "measured", "limit or reference",
             "ratio", "budget", "met");
}

inline void print_row(const std::string& what, const std::string& measured,
                      const std::string& limit, double ratio, const std::string& budget, bool met) {
  fmt::print("{:<44} {:>14} {:>22} {:>8.2f} {:>12}  {}\n", what, measured, limit, ratio, budget,
             met ? "yes" : "NO");
  std::fflush(stdout);
}

inline std::string rate(double per_second) { return fmt::format("{:.0f}/s", per_second); }

// A figure of /proc/PID/status in its own unit; 0 where there is none.
inline std::uint64_t status_of(const std::string& file, const std::string& field) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::stoull(line.substr(field.size() + 1));
  }
  return 0;
}

inline std::uint64_t resident_kib(pid_t pid) {
  return status_of(fmt::format("/proc/{}/status", pid), "VmRSS");
}

// The rows that the words of the command line choose; all without a word.
class Choice {
 public:
  Choice(int argc, char** argv) : words_(argv + 1, argv + argc) {}
  bool has(const std::string& row) const {
    return words_.empty() || std::find(words_.begin(), words_.end(), row) != words_.end();
  }
  bool any(std::initializer_list<const char*> rows) const {
    return std::any_of(rows.begin(), rows.end(), [this](const char* row) { return has(row); });
  }

 private:
  std::vector<std::string> words_;
};

// Starting and reaping /bin/true, two in flight.
inline double bare_spawn_rate(std::size_t count) {
  const std::int64_t start = steady_now_ns();
  std::size_t running = 0;
  for (std::size_t started = 0; started < count || running > 0;) {
    if (started < count && running < 2) {
      spawn_true();
      ++started;
      ++running;
    } else {
      waitpid(-1, nullptr, 0);
      --running;
    }
  }
  return static_cast<double>(count) / seconds_since(start);
}

inline void write_lines(const std::string& file, std::size_t count, const std::string& format) {
  std::ofstream out(file);
  for (std::size_t i = 0; i < count; ++i) out << fmt::format(fmt::runtime(format), i) << '\n';
}

// A client on one connection, as a library would be.
class Client {
 public:
  explicit Client(const std::string& socket, wire::Hello::Role role = wire::Hello::CLIENT) {
    auto connected = net::BlockingClient::connect_unix(socket);
    if (!connected) give_up(connected.error().message);
    connection_ = std::move(*connected);
    wire::Frame hello;
    hello.mutable_hello()->set_protocol(net::kProtocol);
    hello.mutable_hello()->set_role(role);
    ask(hello);
  }

  wire::Frame ask(wire::Frame& frame) {
    frame.set_id(++last_id_);
    if (const auto sent = connection_->send(frame); !sent) give_up(sent.error().message);
    return next();
  }
  wire::Frame next() {
    const auto message = connection_->receive(std::nullopt);
    if (!message) give_up(message.error().message);
    wire::Frame frame;
    if (!frame.ParseFromArray(message->data(), static_cast<int>(message->size()))) {
      give_up("an answer cannot be read");
    }
    if (frame.has_error()) give_up(frame.error().message());
    return frame;
  }

 private:
  std::unique_ptr<net::BlockingClient> connection_;
  std::uint64_t last_id_ = 0;
};

inline wire::Frame true_ticket() {
  sched::JobSpec spec;
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"/bin/true"};
  spec.steps.push_back(step);
  spec.workdir = "/";
  sched::Ticket ticket;
  ticket.spec = std::make_shared<const sched::JobSpec>(std::move(spec));
  wire::Frame frame;
  controller::to_wire({ticket}, *frame.mutable_submit());
  return frame;
}

}  // namespace jobq::bench
