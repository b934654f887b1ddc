// SPDX-License-Identifier: Apache-2.0
// Lists to bytes and back; see the header for the format.
#include "store/encode.h"

#include <algorithm>
#include <limits>

namespace jobq::store {
namespace {

constexpr char kVersion = 1;

void put(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>((number & 0x7FU) | 0x80U));
    number >>= 7U;
  }
  out.push_back(static_cast<char>(number));
}
void put(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out += text;
}
void put(std::string& out, const sched::NameValue& item) {
  put(out, std::string_view(item.first));
  put(out, std::string_view(item.second));
}
void put(std::string& out, const resmgr::Count& item) {
  put(out, std::string_view(item.name));
  put(out, item.amount);
}
void put(std::string& out, const std::string& item) { put(out, std::string_view(item)); }
void put(std::string& out, std::uint32_t item) { put(out, std::uint64_t{item}); }
void put(std::string& out, JobNumber item) { put(out, item.value); }
void put(std::string& out, const sched::OtherNode& item) {
  put(out, item.node.value);
  put(out, std::string_view(item.name));
  put(out, std::uint64_t{item.gpus.size()});
  for (const std::uint32_t gpu : item.gpus) put(out, gpu);
}

bool take(std::string_view& in, std::uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    number |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}
bool take(std::string_view& in, std::string& text) {
  std::uint64_t size = 0;
  if (!take(in, size) || size > in.size()) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}
bool take(std::string_view& in, sched::NameValue& item) {
  return take(in, item.first) && take(in, item.second);
}
bool take(std::string_view& in, resmgr::Count& item) {
  return take(in, item.name) && take(in, item.amount);
}
bool take(std::string_view& in, std::uint32_t& item) {
  std::uint64_t number = 0;
  if (!take(in, number) || number > std::numeric_limits<std::uint32_t>::max()) return false;
  item = static_cast<std::uint32_t>(number);
  return true;
}
bool take(std::string_view& in, JobNumber& item) { return take(in, item.value); }
bool take(std::string_view& in, sched::OtherNode& item) {
  std::uint64_t gpus = 0;
  if (!take(in, item.node.value) || !take(in, item.name) || !take(in, gpus)) return false;
  if (gpus > in.size()) return false;
  item.gpus.resize(gpus);
  return std::ranges::all_of(item.gpus, [&](std::uint32_t& gpu) { return take(in, gpu); });
}

template <class Item>
std::string encode_list(const std::vector<Item>& list) {
  std::string out;
  if (list.empty()) return out;
  out.push_back(kVersion);
  put(out, std::uint64_t{list.size()});
  for (const Item& item : list) put(out, item);
  return out;
}

template <class Item>
bool decode_list(std::string_view in, std::vector<Item>& list) {
  list.clear();
  if (in.empty()) return true;
  if (in.front() != kVersion) return false;
  in.remove_prefix(1);
  std::uint64_t size = 0;
  // Every item takes a byte at least: a damaged count cannot ask for all memory.
  if (!take(in, size) || size == 0 || size > in.size()) return false;
  list.resize(size);
  for (Item& item : list) {
    if (!take(in, item)) return false;
  }
  return in.empty();
}

}  // namespace

std::string encode(const std::vector<sched::NameValue>& list) { return encode_list(list); }
std::string encode(const std::vector<std::uint32_t>& list) { return encode_list(list); }
std::string encode(const std::vector<std::string>& list) { return encode_list(list); }
std::string encode(const std::vector<resmgr::Count>& list) { return encode_list(list); }
std::string encode(const std::vector<JobNumber>& list) { return encode_list(list); }
std::string encode(const std::vector<sched::OtherNode>& list) { return encode_list(list); }

bool decode(std::string_view bytes, std::vector<sched::NameValue>& list) {
  return decode_list(bytes, list);
}
bool decode(std::string_view bytes, std::vector<std::uint32_t>& list) {
  return decode_list(bytes, list);
}
bool decode(std::string_view bytes, std::vector<std::string>& list) {
  return decode_list(bytes, list);
}
bool decode(std::string_view bytes, std::vector<resmgr::Count>& list) {
  return decode_list(bytes, list);
}
bool decode(std::string_view bytes, std::vector<JobNumber>& list) {
  return decode_list(bytes, list);
}
bool decode(std::string_view bytes, std::vector<sched::OtherNode>& list) {
  return decode_list(bytes, list);
}

}  // namespace jobq::store
