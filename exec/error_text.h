// SPDX-License-Identifier: Apache-2.0
// The words for what the system refused.
#pragma once

#include <string>
#include <string_view>

namespace jobq::exec {

// "no such file or directory": the C library's text, as the end of a sentence.
std::string error_text(int error);

// "the node's disk is full", or what was to be done and why it failed.
std::string why_not_written(std::string_view what, int error);

}  // namespace jobq::exec
