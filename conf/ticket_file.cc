// SPDX-License-Identifier: Apache-2.0
// The readers of class and ticket files: text to tree, tree to data.
#include "conf/ticket_file.h"

#include "conf/document.h"
#include "conf/read_job.h"

namespace jobq::conf {
namespace {

sched::ClassDefinition read_definition(const Node& root, std::string_view text,
                                       const std::string& file, FaultSink& faults) {
  return {read_class(root, faults), std::string(text), file};
}

}  // namespace

Parsed<File> parse_file(std::string_view text, const std::string& file, std::string_view here,
                        Time now) {
  FaultSink faults(file);
  Parsed<File> parsed;
  Node root;
  if (parse_text(text, root, faults)) {
    if (is_class_file(root)) {
      parsed.value = read_definition(root, text, file, faults);
    } else {
      parsed.value = read_ticket(root, here, now, nullptr, faults);
    }
  }
  parsed.faults = faults.take();
  return parsed;
}

Parsed<sched::Ticket> parse_ticket(std::string_view text, const std::string& file,
                                   std::string_view here, Time now) {
  FaultSink faults(file);
  Parsed<sched::Ticket> parsed;
  Node root;
  if (parse_text(text, root, faults)) parsed.value = read_ticket(root, here, now, nullptr, faults);
  parsed.faults = faults.take();
  return parsed;
}

Parsed<sched::ClassDefinition> parse_class(std::string_view text, const std::string& file) {
  FaultSink faults(file);
  Parsed<sched::ClassDefinition> parsed;
  Node root;
  if (parse_text(text, root, faults)) parsed.value = read_definition(root, text, file, faults);
  parsed.faults = faults.take();
  return parsed;
}

Parsed<sched::Ticket> parse_json_ticket(std::string_view text, const std::string& file,
                                        std::uint32_t line, std::string_view here, Time now) {
  FaultSink faults(file);
  Parsed<sched::Ticket> parsed;
  Node root;
  if (parse_json(text, line, root, faults)) {
    parsed.value = read_ticket(root, here, now, nullptr, faults);
  }
  parsed.faults = faults.take();
  return parsed;
}

}  // namespace jobq::conf
