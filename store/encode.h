// SPDX-License-Identifier: Apache-2.0
// The bytes of lists that stand in one column: a version byte (1), the number of items, the items.
// Numbers are LEB128 varints, strings are a length and bytes. An empty list is no bytes at all
// (NULL in SQL).
//
// decode() is strict: a wrong version, a length beyond the end or bytes left over give false.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "resmgr/needs.h"
#include "sched/rows.h"

namespace jobq::store {

std::string encode(const std::vector<sched::NameValue>& list);
std::string encode(const std::vector<std::uint32_t>& list);
std::string encode(const std::vector<std::string>& list);
std::string encode(const std::vector<resmgr::Count>& list);
std::string encode(const std::vector<JobNumber>& list);
std::string encode(const std::vector<sched::OtherNode>& list);

bool decode(std::string_view bytes, std::vector<sched::NameValue>& list);
bool decode(std::string_view bytes, std::vector<std::uint32_t>& list);
bool decode(std::string_view bytes, std::vector<std::string>& list);
bool decode(std::string_view bytes, std::vector<resmgr::Count>& list);
bool decode(std::string_view bytes, std::vector<JobNumber>& list);
bool decode(std::string_view bytes, std::vector<sched::OtherNode>& list);

}  // namespace jobq::store
