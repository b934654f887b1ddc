// SPDX-License-Identifier: Apache-2.0
// The parts of the controller, made in order and taken down in order.
#include "controller/controller.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "base/overload.h"
#include "controller/history_reader.h"
#include "controller/journal_codec.h"
#include "controller/nodes.h"
#include "controller/peers.h"
#include "controller/requests.h"
#include "controller/spool.h"
#include "controller/translate.h"
#include "controller/turns.h"
#include "controller/zones.h"
#include "net/server.h"

namespace jobq::controller {
namespace {

Result<void> make_directory(const std::string& path, ::mode_t mode) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  std::filesystem::create_directories(path, error);
  if (!error && ::chmod(path.c_str(), mode) == 0) return {};
  const std::string why = error ? error.message() : std::strerror(errno);
  return fail(ErrorCode::kRefused, fmt::format("the directory {} cannot be made: {}", path, why));
}

}  // namespace

struct Controller::Impl {
  uv_loop_s* loop;
  Options options;
  Turns turns;
  Peers peers;
  HistoryReader history;
  PastJobs past_jobs;
  Nodes nodes;
  Files files;
  Requests requests;
  std::unique_ptr<Spool> spool;  // may be none
  net::Server server;
  std::optional<net::TcpAddress> bound;
  bool stopping = false;

  Impl(uv_loop_s* on, Options given)
      : loop(on),
        options(std::move(given)),
        turns(on, options.policy,
              {.act = [this](sched::Action action) { act(std::move(action)); },
               .journal_failed =
                   [this](const Error& error) {
                     requests.journal_failed(error);
                     nodes.dismiss_all(error.message);
                   },
               .journal_back = [this] { nodes.dismiss_all("the journal is back"); }}),
        peers(options.operators,
              {.on_request = [this](Peer& peer,
                                    const wire::Frame& frame) { requests.on_request(peer, frame); },
               .on_report = [this](Peer& peer,
                                   const wire::Frame& frame) { nodes.on_report(peer, frame); },
               .on_gone = [this](const Peer& peer, const std::string& why) { gone(peer, why); }}),
        history(on, options.state, journal_codec()),
        past_jobs(on, turns, history),
        nodes(on, turns, peers, options.node_timeout, options.lease),
        files(options.areas,
              [this](const std::string& node, wire::FileOrder order, const Files::Answer& answer) {
                nodes.order_file(node, std::move(order), answer);
              }),
        requests(turns, peers, nodes, files, history, past_jobs),
        server(on, {.max_connections = options.max_connections, .hello_limit = seconds(10)},
               [this](std::unique_ptr<net::Connection> connection) {
                 if (!stopping) peers.add(std::move(connection));
               }) {}

  Result<void> start() {
    if (auto made = make_directory(options.state, 0700); !made) return made;
    if (auto opened = turns.open(
            {.directory = options.state, .codec = journal_codec(), .keep_jobs = options.keep_jobs},
            options.flight_recorder);
        !opened) {
      return opened;
    }
    learn_zones(turns);
    if (auto listening = listen(); !listening) return listening;
    return start_spool();
  }

  Result<void> start_spool() {
    if (options.spool.path.empty()) return {};
    auto started =
        Spool::start(loop, options.spool, options.policy.keep_request_keys, peers, requests);
    if (!started) return tl::unexpected(started.error());
    spool = *std::move(started);
    log::info("tickets are taken from the spool directory {}", options.spool.path);
    return {};
  }

  Result<void> listen() {
    const auto parent = std::filesystem::path(options.socket).parent_path().string();
    if (auto made = make_directory(parent.empty() ? "." : parent, 0755); !made) return made;
    if (auto local = server.listen_unix(options.socket, options.socket_mode); !local) return local;
    const std::string file = options.key.empty() ? options.state + "/cluster.key" : options.key;
    const auto key = net::read_or_make_key(file);
    if (!key) return tl::unexpected(key.error());
    if (!options.listen) return {};
    const auto address = server.listen_tcp(*options.listen, *key);
    if (!address) return tl::unexpected(address.error());
    bound = *address;
    return {};
  }

  void gone(const Peer& peer, const std::string& why) {
    log::debug("{} left: {}", peer.actor.user, why);
    if (peer.is_node) {
      nodes.on_gone(peer, why);
    } else {
      requests.on_gone(peer);
    }
  }

  void act(sched::Action action) {
    using Order = wire::AttemptOrder;
    std::visit(
        Overload{
            [this](const sched::Launch& one) { nodes.launch(one); },
            [this](const sched::Kill& one) { nodes.order(one.node, Order::KILL, one.id); },
            [this](const sched::Signal& one) {
              nodes.order(one.node, Order::SIGNAL, one.id, one.signal);
            },
            [this](const sched::Suspend& one) { nodes.order(one.node, Order::SUSPEND, one.id); },
            [this](const sched::Resume& one) { nodes.order(one.node, Order::RESUME, one.id); },
            [this](const sched::Forget& one) { nodes.order(one.node, Order::FORGET, one.id); },
            [this](const sched::Welcome& one) { nodes.welcome(one); },
            [this](const sched::Reply& one) { requests.reply(one); },
            [this](const sched::JobEnded& one) { requests.job_ended(one); },
            [this](const sched::ElementsDropped& some) { requests.elements_dropped(some); },
            [this](const sched::LookUp& one) { past_jobs.look_up(one); },
            [](const sched::WakeAt&) {},
        },
        action);
  }

  void stop(std::function<void()> stopped) {
    stopping = true;
    if (spool) spool->stop();
    turns.finish([this, stopped = std::move(stopped)] {
      peers.close_all();
      stopped();
    });
  }
};

Controller::Controller(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::start(uv_loop_s* loop, Options options) {
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  if (const auto started = impl->start(); !started) return tl::unexpected(started.error());
  log::info("{} jobs in the queue; listening on {}{}", impl->turns.core().live_count(),
            impl->options.socket,
            impl->bound ? " and " + net::to_string(*impl->bound) : std::string());
  return std::unique_ptr<Controller>(new Controller(std::move(impl)));
}

std::optional<net::TcpAddress> Controller::tcp_address() const { return impl_->bound; }

bool Controller::journal_answers(Millis within) const {
  return impl_->turns.journal_silence() <= within;
}

void Controller::stop(std::function<void()> stopped) { impl_->stop(std::move(stopped)); }

}  // namespace jobq::controller
