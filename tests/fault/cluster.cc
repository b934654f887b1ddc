// SPDX-License-Identifier: Apache-2.0
// Starting the cluster, asking it, ending it.
#include "tests/fault/cluster.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "tests/fault/clock.h"
#include "tests/fault/ledger.h"
#include "tests/fault/link.h"
#include "tests/fault/proxy.h"

namespace jobq::fault {
namespace {

constexpr std::uint16_t kPort = 7117;
constexpr std::int64_t kPatienceMs = 30'000;

// In a network of the test's own everything is free. Otherwise tests run side by side: a loopback
// address of this process's own has all ports free.
std::string controller_address(Network network) {
  if (network == Network::kNamespaces) return "10.77.0.254";
  const auto pid = static_cast<unsigned>(getpid());
  return fmt::format("127.{}.{}.{}", (pid >> 16U & 255U) | 128U, pid >> 8U & 255U, pid & 255U);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  check(file.flush().good(), "a file of the test can be written");
}

Words controller_command(const Setup& setup, const std::string& address,
                         const std::string& socket) {
  const std::string& place = setup.directory;
  write_file(place + "/controller.toml",
             fmt::format("[controller]\nnode_timeout = \"{}ms\"\nlease = \"{}ms\"\n",
                         kNodeTimeoutMs, kLeaseMs));
  return {setup.jobq, "controller",
          "--config", place + "/controller.toml",
          "--state",  place + "/controller",
          "--socket", socket,
          "--listen", fmt::format("{}:{}", address, kPort)};
}

std::string address_of(int number) { return fmt::format("10.77.0.{}", number); }

std::uint16_t proxy_port_of(int number) { return static_cast<std::uint16_t>(kPort + number); }

Words agent_command(const Setup& setup, const std::string& controller,
                    std::uint16_t controller_port, int number) {
  const std::string name = fmt::format("n{}", number);
  const std::string place = setup.directory + "/" + name;
  write_file(place + ".toml",
             fmt::format("[node]\nkey = \"{}/controller/cluster.key\"\ngrace = \"{}ms\"\n",
                         setup.directory, kGraceMs));
  return {setup.jobq,     "node",
          "--config",     place + ".toml",
          "--state",      place,
          "--name",       name,
          "--controller", fmt::format("{}:{}", controller, controller_port),
          "--cpus",       "8"};
}

std::string quoted(const Words& words) { return fmt::format("jq {}", fmt::join(words, " ")); }

}  // namespace

Node::Node(const Setup& setup, const std::string& controller, int number)
    : name_(fmt::format("n{}", number)), state_(setup.directory + "/" + name_) {
  std::uint16_t port = kPort;
  if (setup.network == Network::kNamespaces) {
    space_.emplace();
    line_ = std::make_unique<Link>(*space_, address_of(number), controller);
  } else {
    port = proxy_port_of(number);
    line_ = std::make_unique<Proxy>(controller, port, kPort);
  }
  agent_ = std::make_unique<Process>(agent_command(setup, controller, port, number),
                                     state_ + ".log", space_ ? &*space_ : nullptr);
}

pid_t Node::keeper() const {
  std::ifstream file(state_ + "/keeper.pid");
  pid_t pid = 0;
  file >> pid;
  if (pid == 0) return 0;
  // The file may be older than another process of that number.
  const std::string command = command_line(pid);
  const bool is_ours = command.find(" keeper ") != std::string::npos &&
                       command.find(state_ + " ") != std::string::npos;
  return is_ours ? pid : 0;
}

// Daemons have the state directory in their command line, steps the socket in it in their
// environment.
std::set<pid_t> Node::processes() const { return processes_with(state_); }

Cluster::Cluster(const Setup& setup, Chronicle& chronicle)
    : setup_(setup),
      chronicle_(chronicle),
      address_(controller_address(setup.network)),
      socket_(setup.directory + "/sock"),
      controller_(controller_command(setup, address_, socket_),
                  setup.directory + "/controller.log") {
  if (setup.network == Network::kNamespaces) {
    space_.emplace();
    inside_.emplace(*space_);
  }
  setenv("JOBQ_SOCKET", socket_.c_str(), 1);
  std::filesystem::create_directory(locks_folder(setup.directory));
  write_file(ledger_file(setup.directory), "");
  for (int number = 1; number <= setup.nodes; ++number) {
    nodes_.push_back(std::make_unique<Node>(setup_, address_, number));
  }
}

// Whatever came of the test, nothing stays behind.
Cluster::~Cluster() {
  for (const auto& node : nodes_) node->agent().signal(SIGKILL);
  controller_.signal(SIGKILL);
  for (const pid_t pid : processes_with(setup_.directory)) kill(pid, SIGKILL);
}

bool Cluster::begin() {
  controller_.start();
  // An answer, not only a socket: by then it has made the key that the nodes need.
  if (!controller_answers(kPatienceMs) || !insist({"queue"})) return false;
  for (const auto& node : nodes_) node->agent().start();
  return within(kPatienceMs, [&] { return all_joined(); });
}

bool Cluster::all_joined() const {
  const Answer answer = ask({"node", "list", "--json"});
  std::size_t up = 0;
  std::istringstream lines(answer.out);
  for (std::string line; std::getline(lines, line);) {
    if (nlohmann::json::parse(line).at("state") == "up") ++up;
  }
  return up == nodes_.size();
}

bool Cluster::controller_answers(std::int64_t limit_ms) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  check(socket_.size() < sizeof address.sun_path, "the directory's name is short enough");
  socket_.copy(address.sun_path, socket_.size());
  return within(limit_ms, [&] {
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* plain = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    const bool connected = connect(file, plain, sizeof address) == 0;
    close(file);
    return connected;
  });
}

Answer Cluster::ask(Words words, const std::string& input, std::int64_t limit_ms) const {
  words.insert(words.begin(), setup_.jq);
  return run_command(words, input, limit_ms);
}

bool Cluster::insist(const Words& words) const {
  Answer answer;
  const auto is_done = [&] {
    answer = ask(words);
    return answer.code == 0;
  };
  if (within(kPatienceMs, is_done)) return true;
  chronicle_.broken("the controller answers",
                    fmt::format("{}: code {}: {}", quoted(words), answer.code, answer.err));
  return false;
}

void Cluster::end() {
  const auto end_one = [&](const std::string& who, Process& daemon) {
    if (!daemon.signal(SIGTERM)) {
      chronicle_.broken("daemons stay", who + " had ended by itself");
    } else if (!daemon.reap(kPatienceMs)) {
      chronicle_.broken("daemons end on TERM", who + " did not");
    } else if (!WIFEXITED(daemon.status()) || WEXITSTATUS(daemon.status()) != 0) {
      chronicle_.broken("daemons end well on TERM",
                        fmt::format("{} ended with wait status {:#x}", who, daemon.status()));
    }
  };
  for (const auto& node : nodes_) end_one("the agent of " + node->name(), node->agent());
  end_one("the controller", controller_);
}

}  // namespace jobq::fault
