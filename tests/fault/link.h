// SPDX-License-Identifier: Apache-2.0
// The network between one node and the controller: a link between two network namespaces.
//
// At each end is a device of the kernel, and a thread of the test carries packets from one to the
// other, or does not. So TCP at both ends is the kernel's, and feels what is done: what is dropped
// is sent again, later and later; a connection whose other end went away unheard is half open. A
// veth pair was the alternative: its packets pass by the test, and what kernels can do to them
// there differs from one to the next.
#pragma once

#include <memory>
#include <string>

#include "tests/fault/net_namespace.h"
#include "tests/fault/wire.h"

namespace jobq::fault {

class Link : public Line {
 public:
  // From the node's namespace, where it is `node_address`, to the one of this thread, where it is
  // `controller_address`; links may share the latter.
  Link(const NetNamespace& node, const std::string& node_address,
       const std::string& controller_address);
  ~Link() override;

  void set(const Wire& wire) override;
  // The link passes only connections that it saw begin, and forgets them all: who sends anything
  // more is told so by a reset, who does not send hears nothing.
  void reset_connections() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::fault
