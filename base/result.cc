// SPDX-License-Identifier: Apache-2.0
// Names and exit codes of errors; the aborting half of check().
#include "base/result.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace jobq {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kRefused: return "refused";
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kUnreachable: return "unreachable";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kInternal: return "internal";
  }
  unreachable("error code out of range");
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return 2;
    case ErrorCode::kUnreachable: return 3;
    case ErrorCode::kDenied: return 4;
    case ErrorCode::kNotFound: return 5;
    case ErrorCode::kRefused:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal: return 1;
  }
  unreachable("error code out of range");
}

void check_failed(std::string_view what, const std::source_location& where) {
  std::fprintf(stderr, "jobq: internal error at %s:%u (%s): %.*s\n", where.file_name(),
               where.line(), where.function_name(), static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace jobq
