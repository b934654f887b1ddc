// SPDX-License-Identifier: Apache-2.0
// Writing, reading and checking of schedules.
#include "sim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>

#include "sim/gz_lines.h"

namespace jobq::sim {
namespace {

// --- text

void append_seconds(std::string& out, Millis time) {
  fmt::format_to(std::back_inserter(out), " {}", time.count / 1000);
  if (time.count % 1000 != 0) {
    fmt::format_to(std::back_inserter(out), ".{:03}", time.count % 1000);
  }
}

void append_line(std::string& out, const ScheduleLine& line) {
  fmt::format_to(std::back_inserter(out), "{}", line.job);
  append_seconds(out, line.submit);
  append_seconds(out, line.start);
  append_seconds(out, line.end);
  fmt::format_to(std::back_inserter(out), " {}\n", line.processors);
}

// "12", "12.5", "12.345"
bool parse_seconds(std::string_view word, Millis& to) {
  const std::size_t dot = std::min(word.find('.'), word.size());
  std::string digits(word.substr(0, dot));
  const std::string_view fraction = word.substr(std::min(dot + 1, word.size()));
  if (digits.empty() || fraction.size() > 3 || dot + 1 == word.size()) return false;
  digits += fraction;
  digits.append(3 - fraction.size(), '0');
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, to.count);
  return error == std::errc() && stop == end;
}

template <class T>
bool parse_number(std::string_view word, T& to) {
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, to);
  return error == std::errc() && stop == end;
}

bool parse_line(std::string_view text, ScheduleLine& line) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words.size() == 5 && parse_number(words[0], line.job) &&
         parse_seconds(words[1], line.submit) && parse_seconds(words[2], line.start) &&
         parse_seconds(words[3], line.end) && parse_number(words[4], line.processors);
}

Result<void> cannot_write(const std::string& path) {
  return fail(ErrorCode::kRefused,
              fmt::format("cannot write the schedule to {}: {}", path, std::strerror(errno)));
}

// --- checks

std::string show(Millis time) {
  return fmt::format("{}.{:03}", time.count / 1000, time.count % 1000);
}

Result<void> wrong(const ScheduleLine& line, const std::string& what) {
  return fail(ErrorCode::kRefused, fmt::format("job {} {}", line.job, what));
}

Result<void> check_line(const ScheduleLine& line, const ScheduleLine& asked, Millis length) {
  if (line.submit != asked.submit) {
    return wrong(
        line, fmt::format("was submitted at {}, not at {}", show(asked.submit), show(line.submit)));
  }
  if (line.start < line.submit) {
    return wrong(line, fmt::format("starts at {}, before it was submitted at {}", show(line.start),
                                   show(line.submit)));
  }
  if (line.end - line.start != length) {
    return wrong(line, fmt::format("ends at {}, {} after its start; it runs {}", show(line.end),
                                   show(line.end - line.start), show(length)));
  }
  if (line.processors != asked.processors) {
    return wrong(line,
                 fmt::format("has {} processors; it takes {}", line.processors, asked.processors));
  }
  return {};
}

Result<void> check_use(const Schedule& schedule, std::uint64_t processors) {
  std::map<Millis, std::int64_t> changes;  // ends of an instant come before its starts
  for (const ScheduleLine& line : schedule) {
    changes[line.start] += static_cast<std::int64_t>(line.processors);
    changes[line.end] -= static_cast<std::int64_t>(line.processors);
  }
  std::int64_t used = 0;
  for (const auto& [at, change] : changes) {
    used += change;
    if (used > static_cast<std::int64_t>(processors)) {
      return fail(ErrorCode::kRefused, fmt::format("at {}, {} processors are in use, and there are "
                                                   "{}",
                                                   show(at), used, processors));
    }
  }
  return {};
}

}  // namespace

Schedule schedule_of(const Workload& workload, const std::vector<Span>& spans) {
  Schedule schedule;
  schedule.reserve(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const SimJob& job = workload.jobs[i];
    schedule.push_back({job.name, job.submit - kTraceStart, spans[i].start - kTraceStart,
                        spans[i].end - kTraceStart, job.processors});
  }
  return schedule;
}

Result<void> write_schedule(const std::string& path, const Schedule& schedule) {
  std::string text;
  for (const ScheduleLine& line : schedule) append_line(text, line);
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return cannot_write(path);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  Result<void> failed = written ? Result<void>() : cannot_write(path);
  if (std::fclose(file) != 0 && written) return cannot_write(path);
  return failed;
}

Result<Schedule> read_schedule(const std::string& path) {
  Result<GzLines> lines = GzLines::open(path);
  if (!lines) return tl::unexpected(lines.error());
  Schedule schedule;
  while (true) {
    const auto text = lines->next();
    if (!text) return tl::unexpected(text.error());
    if (!*text) return schedule;
    ScheduleLine line;
    if (!parse_line(**text, line)) {
      return fail(ErrorCode::kUsage, fmt::format("{}, line {}: expected 'job submit start end "
                                                 "processors'",
                                                 path, lines->number()));
    }
    schedule.push_back(line);
  }
}

Result<void> check_schedule(const Schedule& schedule, const Workload& workload) {
  if (schedule.size() != workload.jobs.size()) {
    return fail(ErrorCode::kRefused, fmt::format("the schedule has {} jobs; the trace has {}",
                                                 schedule.size(), workload.jobs.size()));
  }
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const SimJob& job = workload.jobs[i];
    const ScheduleLine asked{job.name, job.submit - kTraceStart, {}, {}, job.processors};
    if (schedule[i].job != job.name) {
      return wrong(schedule[i], fmt::format("stands where job {} of the trace should", job.name));
    }
    if (auto right = check_line(schedule[i], asked, job.length()); !right) return right;
  }
  return check_use(schedule, workload.machine.cpus());
}

}  // namespace jobq::sim
