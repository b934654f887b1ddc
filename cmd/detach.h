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
  Result<Side> detach(const std::string& log);

  // In the service; both do nothing where detach() was not called.
  void tell_ready();
  void tell_failure(const Error& error);

 private:
  Result<Side> wait_for_service(int service, const std::string& log);

  int pipe_ = -1;
};

}  // namespace jobq::cmd
