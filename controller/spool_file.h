// SPDX-License-Identifier: Apache-2.0
// One file of the spool directory: is it whole, what is in it, and whose is it?
//
// Whoever may write into the directory chooses names and files: nothing here follows a link, waits
// for a pipe, or reads more than a ticket may have. The owner of a file is who submits it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/event.h"

namespace jobq::controller {

struct SpoolTicket {
  sched::Ticket ticket;
  std::uint32_t line = 0;  // in a file of several
};

// From the text of a file to its tickets; `home` is where they work, unless they say otherwise. It
// is called on a thread of its own. The error says all that is wrong, with lines and columns.
using SpoolReader = std::function<Result<std::vector<SpoolTicket>>(
    const std::string& text, const std::string& name, const std::string& home)>;

// How a file came to notice.
enum class SpoolSight : std::uint8_t {
  kComplete,  // it was moved in, or closed by who wrote it
  kMade,      // a name was made: its writer is at work, unless it is something that none writes
  kFound,     // it lay there
};

enum class SpoolState : std::uint8_t {
  kReady,
  kBusy,    // somebody has it open for writing, and its end will be noticed
  kYoung,   // it may be: it changed a moment ago
  kNoFile,  // a link, a pipe, a device, ...: whatever it is, it is no ticket
  kFolder,  // left alone
  kGone,
};

// Where no lease can be had on a file, it is taken for whole when nothing was written to it for so
// long.
inline constexpr Millis kSpoolQuiet = seconds(10);

// Whether a name is looked at: not those that begin with "." or end in "~", ".part", ".tmp" or
// ".swp", under which programs write what is not whole yet.
bool is_spool_name(std::string_view name);

// `directory` is a descriptor.
SpoolState spool_state(int directory, const std::string& name, SpoolSight sight);

struct SpoolFile {
  std::string text;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;  // the owner's primary group
  std::string user;
  std::string home;
};

// Refused: a file that cannot be read, has other names (links), is writable by all, too long,
// empty, or of nobody.
Result<SpoolFile> read_spool_file(int directory, const std::string& name);

// Several lines as one, for the log.
std::string in_one_line(std::string text);

}  // namespace jobq::controller
