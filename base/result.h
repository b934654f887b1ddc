// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or an error with a message for the user.
//
// Expected failures travel as values; check() is for our own bugs. The code decides the exit code
// and the "code" field in JSON; the message says what was asked, why it was refused and what to do.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace jobq {

enum class ErrorCode {
  kRefused,      // understood, and not done (exit 1)
  kUsage,        // malformed request, bad file, bad option (exit 2)
  kUnreachable,  // no controller or node answers (exit 3)
  kDenied,       // not permitted (exit 4)
  kNotFound,     // no such job, class, node or resource (exit 5)
  kUnavailable,  // cannot be done now, may be tried again: disk full, shutting down (exit 1)
  kInternal,     // our bug or a broken peer (exit 1)
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// "refused", "usage", "unreachable", "denied", "not_found", "unavailable", "internal".
std::string_view to_string(ErrorCode code);

// The exit code that commands give for the error (see jobq(1)).
int exit_code(ErrorCode code);

}  // namespace jobq
