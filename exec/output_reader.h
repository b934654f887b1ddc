// SPDX-License-Identifier: Apache-2.0
// Answers questions about what steps write: from the node's store, or from a file that the user
// named, with that user's rights.
//
// A question that follows waits until there is something past its offset or the attempt has ended;
// while anybody waits, the files are looked at ten times a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/keeper.pb.h"
#include "exec/output_packs.h"
#include "exec/users.h"
#include "net/jobq.pb.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

class OutputReader {
 public:
  // What is known of an attempt; null: nothing, so that it does not run.
  using Find = std::function<const pb::Attempt*(const wire::AttemptId&)>;
  using Answer = std::function<void(std::uint64_t question, Result<wire::OutputChunk>)>;

  OutputReader(uv_loop_s* loop, std::string state, Users& users, Find find, Answer answer);

  void ask(std::uint64_t question, const wire::ReadOutput& what);
  void look();    // an attempt ended: its followers need not wait
  void forget();  // who asked is gone

 private:
  struct Asked {
    std::uint64_t question = 0;
    wire::ReadOutput what;
    std::int64_t until_ns = 0;  // then it is answered with nothing
  };

  bool answer_if_any(const Asked& asked);
  void look_again();
  Result<wire::OutputChunk> read(const wire::ReadOutput& what);
  Result<wire::OutputChunk> read_named(const wire::ReadOutput& what);
  Result<wire::OutputChunk> read_stored(const wire::ReadOutput& what, const pb::Attempt* attempt);

  uv_loop_s* loop_;
  std::string state_;
  PackReader packs_;
  Users& users_;
  Find find_;
  Answer answer_;
  std::vector<Asked> waiting_;
  std::unique_ptr<net::Timer> next_look_;
};

}  // namespace jobq::exec
