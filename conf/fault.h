// SPDX-License-Identifier: Apache-2.0
// What is wrong in a text, and where: what every reader of conf gives back beside its value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jobq::conf {

struct Fault {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1, in characters
  std::string text;
  bool operator==(const Fault&) const = default;
};

// "daily.toml:12:9: unknown key 'aftr' in [[step]]; did you mean 'after'?"
std::string to_string(const Fault& fault);

template <class T>
struct Parsed {
  T value{};
  std::vector<Fault> faults;  // sorted by place; the value is usable only when there are none
  bool ok() const { return faults.empty(); }
};

struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Place&) const = default;
};

// The place of text[offset], by counting from the front.
Place place_at(std::string_view text, std::size_t offset);

// Takes the faults of one file: the first hundred, then a word that there are more.
class FaultSink {
 public:
  explicit FaultSink(std::string_view file) : file_(file) {}

  void add(Place place, std::string text);
  // Says that there are more faults than those that were added.
  void cut() { cut_ = true; }
  bool empty() const { return faults_.empty(); }
  bool full() const;
  bool has(Place place) const;
  // Sorted by place; of one place, in the order of their finding.
  std::vector<Fault> take();

 private:
  std::string_view file_;
  std::vector<Fault> faults_;
  bool cut_ = false;
};

}  // namespace jobq::conf
