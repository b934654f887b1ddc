// SPDX-License-Identifier: Apache-2.0
// The form in which jobs are named.
#include "base/ids.h"

namespace jobq {

std::string to_string(const JobRef& ref) {
  std::string text = std::to_string(ref.job.value);
  if (ref.index) text.append("[").append(std::to_string(*ref.index)).append("]");
  return text;
}

}  // namespace jobq
