// SPDX-License-Identifier: Apache-2.0
// The C library's descriptions, made parts of sentences.
#include "exec/error_text.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace jobq::exec {

std::string error_text(int error) {
  const char* known = strerrordesc_np(error);
  std::string text = known != nullptr ? known : fmt::format("error {}", error);
  const bool acronym = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!acronym && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

std::string why_not_written(std::string_view what, int error) {
  if (error == ENOSPC || error == EDQUOT) return "the node's disk is full";
  return fmt::format("{}: {}", what, error_text(error));
}

}  // namespace jobq::exec
