// SPDX-License-Identifier: Apache-2.0
// Files between places: the controller knows where a node or a storage area is, and passes orders
// and answers on. It keeps nothing of what it passes on, and decides nothing but whose rights
// count: those of the client, or of the user whose step asks through a node.
//
// Of each node only so many orders are under way at once: they share its connection with launches
// and heartbeats. Who comes then is asked to come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/jobq.pb.h"

namespace jobq::controller {

// A storage area of the configuration.
struct Area {
  std::string name;
  std::string path;
  std::string node;  // whose agent has it; empty: the path is the same on every machine
  Bytes quota;       // 0: none
};

class Files {
 public:
  using Answer = std::function<void(const wire::Frame&)>;  // FileReply or Error
  using Order = std::function<void(const std::string& node, wire::FileOrder, Answer)>;

  Files(std::vector<Area> areas, Order order);

  void ask(std::uint32_t uid, std::uint32_t gid, const wire::FileRequest& request,
           const Answer& answer);

 private:
  const Area* find(const std::string& name) const;
  void pass_on(const std::string& node, wire::FileOrder order, const Answer& answer);

  std::vector<Area> areas_;
  Order order_;
  std::map<std::string, std::size_t> under_way_;  // by node
};

}  // namespace jobq::controller
