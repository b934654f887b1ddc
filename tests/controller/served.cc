// SPDX-License-Identifier: Apache-2.0
// The thread that serves, and the talking of peers.
#include "tests/controller/served.h"

#include "controller/translate.h"

namespace jobq::controller {

Served::Served(std::function<void(Options&)> change) {
  options_.state = directory_ / "state";
  options_.socket = directory_ / "sock";
  options_.listen = net::TcpAddress{"127.0.0.1", 0};
  if (change) change(options_);
  start();
}

Served::~Served() {
  if (thread_.joinable()) stop();
}

void Served::start() {
  ready_ = false;
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_; });
}

void Served::stop() {
  uv_async_send(&stop_);
  thread_.join();
}

void Served::run() {
  uv_loop_init(&loop_);
  auto started = Controller::start(&loop_, options_);
  if (!started) {
    ADD_FAILURE() << started.error().message;
    std::abort();
  }
  std::unique_ptr<Controller> controller = std::move(*started);
  std::function<void()> stop = [&] {
    controller->stop([&] { controller.reset(); });
    uv_close(reinterpret_cast<uv_handle_t*>(&stop_), nullptr);
  };
  stop_.data = &stop;
  uv_async_init(&loop_, &stop_,
                [](uv_async_t* async) { (*static_cast<std::function<void()>*>(async->data))(); });
  {
    const std::lock_guard lock(mutex_);
    address_ = controller->tcp_address();
    ready_ = true;
  }
  changed_.notify_all();
  uv_run(&loop_, UV_RUN_DEFAULT);
  EXPECT_EQ(uv_loop_close(&loop_), 0) << "something of the controller was left on the loop";
}

Talker::Talker(const Served& served, wire::Hello::Role role) {
  auto connected = net::BlockingClient::connect_unix(served.options().socket);
  if (!connected) {
    ADD_FAILURE() << connected.error().message;
    std::abort();
  }
  connection_ = std::move(*connected);
  greet(role);
}

Talker::Talker(std::unique_ptr<net::BlockingClient> connection, wire::Hello::Role role)
    : connection_(std::move(connection)) {
  greet(role);
}

void Talker::greet(wire::Hello::Role role) {
  wire::Frame hello;
  hello.mutable_hello()->set_protocol(net::kProtocol);
  hello.mutable_hello()->set_role(role);
  EXPECT_TRUE(ask(hello).has_hello_reply());
}

void Talker::send(const wire::Frame& frame) { EXPECT_TRUE(connection_->send(frame)); }

wire::Frame Talker::next() {
  const auto message = connection_->receive(seconds(20));
  wire::Frame frame;
  if (!message) {
    to_wire(message.error(), *frame.mutable_error());
    return frame;
  }
  EXPECT_TRUE(frame.ParseFromArray(message->data(), static_cast<int>(message->size())));
  return frame;
}

wire::Frame Talker::ask(wire::Frame frame) {
  frame.set_id(++last_id_);
  send(frame);
  return next_that([this](const wire::Frame& one) { return one.id() == last_id_; });
}

wire::Frame Talker::next_that(const std::function<bool(const wire::Frame&)>& wanted) {
  for (;;) {
    wire::Frame frame = next();
    if (frame.has_error() || wanted(frame)) return frame;
  }
}

wire::Frame submit_frame(std::size_t count, const std::string& key) {
  sched::JobSpec spec;
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"true"};
  spec.steps.push_back(step);
  sched::Ticket ticket;
  ticket.spec = std::make_shared<const sched::JobSpec>(std::move(spec));
  wire::Frame frame;
  to_wire(std::vector<sched::Ticket>(count, ticket), *frame.mutable_submit());
  frame.mutable_submit()->set_key(key);
  return frame;
}

wire::Frame wait_frame(std::uint64_t job) {
  wire::Frame frame;
  wire::JobRange& range = *frame.mutable_wait()->mutable_jobs()->add_ranges();
  range.set_first(job);
  range.set_last(job);
  return frame;
}

wire::Frame join_frame(const std::string& name, std::uint32_t cpus,
                       const std::string& incarnation) {
  wire::Frame frame;
  wire::NodeJoin& join = *frame.mutable_join();
  join.set_name(name);
  join.set_incarnation(incarnation);
  join.mutable_capacity()->set_cpus(cpus);
  join.mutable_capacity()->set_memory(1U << 30U);
  join.set_containment("none: a test");
  return frame;
}

wire::Frame complete_frame(const wire::AttemptId& id, int exit_code) {
  wire::Frame frame;
  *frame.mutable_complete()->mutable_id() = id;
  frame.mutable_complete()->mutable_end()->set_exit_code(exit_code);
  return frame;
}

}  // namespace jobq::controller
