// SPDX-License-Identifier: Apache-2.0
// Going to the background: the process that the user started waits until the service is ready or
// has failed; the other one goes on, in a session of its own, with its log in a file.
#pragma once

#include <string>

#include "base/result.h"

namespace jobq::cmd {

class Detached {
 public:
  enum class Side { kCaller, kService };

  Detached() = default;
  ~Detached();
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;

  // Returns twice. In the caller: when the service told that it is ready, or with its failure.
  // An empty log: standard error stays what it is.
  Result<Side> detach(const std::string& log);

  // In the service: the caller still waits.
  bool is_waited_for() const { return pipe_ >= 0; }
  const std::string& log() const { return log_; }
  // Both do nothing where nobody waits.
  void tell_ready();
  void tell_failure(const Error& error);

 private:
  Result<Side> wait_for_service(int service, const std::string& log);

  int pipe_ = -1;
  std::string log_;
};

}  // namespace jobq::cmd
