// SPDX-License-Identifier: Apache-2.0
// Lines of the ledger.
#include "tests/fault/ledger.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace jobq::fault {

std::string to_line(const Record& record) {
  return fmt::format("{} {} {} {} {} {} {} {}\n", record.what, record.at_ms, record.job,
                     record.step, record.attempt, record.pid, record.node, record.detail);
}

std::optional<Record> parse_line(std::string_view line) {
  std::istringstream words{std::string(line)};
  Record record;
  words >> record.what >> record.at_ms >> record.job >> record.step >> record.attempt >>
      record.pid >> record.node >> record.detail;
  if (words.fail() || !words.eof()) return std::nullopt;
  return record;
}

std::string ledger_file(const std::string& directory) { return directory + "/ledger"; }

std::string locks_folder(const std::string& directory) { return directory + "/locks"; }

Ledger read_ledger(const std::string& directory) {
  Ledger ledger;
  std::ifstream file(ledger_file(directory));
  std::string line;
  while (std::getline(file, line)) {
    if (auto record = parse_line(line)) {
      ledger.records.push_back(std::move(*record));
    } else {
      ledger.broken.push_back(line);
    }
  }
  return ledger;
}

}  // namespace jobq::fault
