// SPDX-License-Identifier: Apache-2.0
// The registered job classes and their versions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "sched/changes.h"
#include "sched/rows.h"

namespace jobq::sched {

class ClassTable {
 public:
  using Versions = std::vector<ClassRow>;  // in the order of registration

  const Versions* find(const std::string& name) const;
  ClassRow* find(const std::string& name, const std::string& version);
  ClassRow* find(const ClassKey& key);
  // The one that a ticket means: the version that it names, else the newest that is not retired.
  // What is retired is refused (kRefused); other errors name what is near.
  Result<const ClassRow*> resolve(const std::string& name, const std::string& version) const;
  // The same to look at: where all versions are retired, the newest of them.
  Result<const ClassRow*> look_up(const std::string& name, const std::string& version) const;
  // kNotFound, with what is near.
  Error unknown(const std::string& name) const;
  Error unknown_version(const std::string& name, const std::string& version) const;

  ClassRow& add(ClassRow row);
  const std::map<std::string, Versions>& all() const { return by_name_; }
  std::map<std::string, Versions>& all() { return by_name_; }

 private:
  std::map<std::string, Versions> by_name_;
};

}  // namespace jobq::sched
