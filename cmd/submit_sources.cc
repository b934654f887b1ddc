// SPDX-License-Identifier: Apache-2.0
// Telling sources apart, and tickets from each.
#include "cmd/submit_sources.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <variant>

#include "cmd/configuration.h"
#include "cmd/utf8.h"
#include "conf/ticket_file.h"

namespace jobq::cmd {
namespace {

constexpr std::size_t kHeadBytes = 4096;

bool is_regular_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string head_of(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string head(kHeadBytes, '\0');
  const ssize_t got = ::read(file, head.data(), head.size());
  ::close(file);
  head.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return head;
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

bool is_script(std::string_view text) {
  return text.starts_with("#!") || text.starts_with("#JQ") ||
         text.find("\n#JQ") != std::string_view::npos;
}

Source source_of(const std::string& word, bool had_separator) {
  if (had_separator) return Source::kCommand;
  if (word.ends_with(".toml") || word.ends_with(".json")) return Source::kTicketFile;
  if (!is_regular_file(word)) {
    return word.ends_with(".sh") ? Source::kScript : Source::kCommand;
  }
  const std::string head = head_of(word);
  const bool binary = head.find('\0') != std::string::npos;
  if (!binary && (word.ends_with(".sh") || is_script(head))) return Source::kScript;
  return Source::kCommand;
}

bool is_mistaken_file(const std::string& word) {
  const bool is_path = word.find_first_of("./") != std::string::npos;
  return is_path && is_regular_file(word) && ::access(word.c_str(), X_OK) != 0;
}

Result<sched::Ticket> ticket_from_command(const JobOptions& options,
                                          std::vector<std::string> argv) {
  return inline_ticket(options, command_step(std::move(argv)));
}

Result<sched::Ticket> ticket_from_script(const JobOptions& options, std::string text,
                                         const std::string& file,
                                         std::vector<std::string> arguments,
                                         const Surroundings& from) {
  if (!is_utf8(text)) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is not UTF-8; run it as a command instead: jq submit -- sh {}",
                            file, file));
  }
  const std::string_view first_line = std::string_view(text).substr(0, text.find('\n'));
  if (first_line.starts_with("#!") && first_line.ends_with('\r')) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} has the line ends of Windows, with which its interpreter is not "
                            "found; take them out: sed -i 's/\\r$//' {}",
                            file, file));
  }
  const Result<JobOptions> of_script = script_options(text, file);
  if (!of_script) return tl::unexpected(of_script.error());
  JobOptions all = overlaid(*of_script, options);
  if (!all.name) all.name = base_name(file);
  return inline_ticket(all, script_step(std::move(text), std::move(arguments)), from);
}

Result<sched::Ticket> ticket_from_text(const JobOptions& options, const std::string& text,
                                       const std::string& file, const std::string& here) {
  conf::Parsed<conf::File> parsed = conf::parse_file(text, file, here);
  if (!parsed.ok()) return tl::unexpected(faults_error(file, parsed.faults));
  if (std::holds_alternative<sched::ClassDefinition>(parsed.value)) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is a class; register it with `jq class register {}`, then run it "
                            "with `jq submit --class NAME`",
                            file, file));
  }
  sched::Ticket ticket = std::get<sched::Ticket>(std::move(parsed.value));
  if (const Result<void> applied = apply(options, ticket); !applied) {
    return tl::unexpected(applied.error());
  }
  return ticket;
}

bool opens_document(std::string_view first_line) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < first_line.size(); ++i) {
    const char c = first_line[i];
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text) {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    }
  }
  return depth > 0;
}

}  // namespace jobq::cmd
