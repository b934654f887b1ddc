// SPDX-License-Identifier: Apache-2.0
// Arithmetic on rows of amounts.
#include "resmgr/amounts.h"

#include <algorithm>

namespace jobq::resmgr {

bool fits(std::span<const Amount> needs, std::span<const Amount> free,
          std::span<const Amount> beside) {
  for (std::size_t i = 0; i < needs.size(); ++i) {
    if (needs[i] > 0 && needs[i] + at(beside, i) > at(free, i)) return false;
  }
  return true;
}

void add(Amounts& to, std::span<const Amount> what) {
  if (to.size() < what.size()) to.resize(what.size());
  for (std::size_t i = 0; i < what.size(); ++i) to[i] += what[i];
}

void subtract(Amounts& from, std::span<const Amount> what) {
  if (from.size() < what.size()) from.resize(what.size());
  for (std::size_t i = 0; i < what.size(); ++i) from[i] -= what[i];
}

}  // namespace jobq::resmgr
