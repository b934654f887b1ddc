// SPDX-License-Identifier: Apache-2.0
// When a node that stays away is given up.
#include <chrono>
#include <thread>

#include "base/time.h"
#include "controller/translate.h"
#include "tests/controller/served.h"

namespace jobq::controller {
namespace {

constexpr Millis kLease = seconds(1);
constexpr std::int64_t kPatienceNs = 3'000'000'000;  // with the margin

wire::Frame create_frame(const std::string& name) {
  wire::Frame frame;
  frame.mutable_resource_request()->set_verb(wire::ResourceRequest::CREATE);
  frame.mutable_resource_request()->set_name(name);
  return frame;
}

// Joins over TCP, waits until it is given the job, and goes away.
std::int64_t come_and_go(const Served& served) {
  auto connection = net::BlockingClient::connect_tcp(
      served.address(), *net::read_key(served.options().state + "/cluster.key"), seconds(20));
  EXPECT_TRUE(connection);
  Talker node(std::move(*connection), wire::Hello::NODE);
  node.send(join_frame("n1", 1));
  const wire::Frame launch = node.next_that([](const wire::Frame& f) { return f.has_launch(); });
  EXPECT_TRUE(launch.launch().fenced());
  return steady_now_ns();
}

// A node that comes between two beats of the controller's clock and is away at each of them has a
// new lease all the same.
TEST(GivenUp, TheLeaseIsCountedFromTheLastTimeThatTheNodeWasThere) {
  const Served served([](Options& options) {
    options.node_timeout = seconds(1);
    options.lease = kLease;
  });
  Talker client(served, wire::Hello::CLIENT);
  client.ask(create_frame("door"));
  wire::Frame submit = submit_frame(1);
  submit.mutable_submit()->mutable_specs(0)->mutable_needs()->add_exclusive("door");
  ASSERT_EQ(client.ask(submit).submitted().first(), 1U);

  come_and_go(served);
  std::this_thread::sleep_for(std::chrono::nanoseconds(kPatienceNs * 2 / 3));
  const std::int64_t last_ns = come_and_go(served);
  client.ask(wait_frame(1));
  EXPECT_GE(steady_now_ns() - last_ns, kPatienceNs - 500'000'000);
}

}  // namespace
}  // namespace jobq::controller
