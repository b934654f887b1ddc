// SPDX-License-Identifier: Apache-2.0
// Several lambdas as one visitor: std::visit(Overload{...}, variant).
#pragma once

namespace jobq {

template <class... Visitors>
struct Overload : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overload(Visitors...) -> Overload<Visitors...>;  // clang 14 does not deduce it

}  // namespace jobq
