// SPDX-License-Identifier: Apache-2.0
// "did you mean": the known name that is nearest to a word that is not known.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jobq {

// How many letters must be put in, taken out, replaced or swapped with their neighbour to make one
// word from the other, capitals counting as small letters; nothing when it is more than `limit`.
// (Optimal string alignment; only the band of 2 * limit + 1 around the diagonal is looked at.)
std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// The nearest of the known names, the first of equals; empty when none is near. Near: a third of
// the word's letters may differ, two at most; or the word, three letters or more, begins the name.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// "; did you mean 'calc'?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace jobq
