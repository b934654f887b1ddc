// SPDX-License-Identifier: Apache-2.0
// Registering and retiring job classes.
//
// Any user may register a new name; only its first registrant and operators may add versions or
// retire. A version never changes; registering it again with the same text is a repeat, and brings
// a retired one back.
#include <fmt/format.h>

#include <algorithm>

#include "sched/check_spec.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

Result<void> may_change(const Actor& actor, const ClassTable::Versions& versions) {
  const ClassRow& first = versions.front();
  if (actor.is_operator || actor.user == first.user) return {};
  return fail(ErrorCode::kDenied, fmt::format("class {} belongs to {}; only {} and operators may "
                                              "change it",
                                              first.name, first.user, first.user));
}

Result<void> check_definition(const ClassDefinition& definition) {
  if (!definition.spec) return fail(ErrorCode::kUsage, "a class needs a definition");
  const JobSpec& spec = *definition.spec;
  if (!resmgr::valid_name(spec.class_name)) {
    return fail(ErrorCode::kUsage, fmt::format("'{}' is not a name for a class", spec.class_name));
  }
  if (!resmgr::valid_name(spec.class_version)) {
    return fail(ErrorCode::kUsage, fmt::format("'{}' is not a version for class {}",
                                               spec.class_version, spec.class_name));
  }
  const auto faults = check_spec(spec);
  if (!faults.empty()) return fail(ErrorCode::kUsage, to_string(faults));
  return {};
}

}  // namespace

void Core::on(RegisterClass& event) { reply(event.reply, register_class(event)); }
void Core::on(RetireClass& event) { reply(event.reply, retire_class(event)); }

Result<void> Core::register_class(const RegisterClass& event) {
  const ClassDefinition& definition = event.definition;
  if (auto right = check_definition(definition); !right) return right;
  const JobSpec& spec = *definition.spec;
  if (const auto* versions = classes_.find(spec.class_name)) {
    if (auto may = may_change(event.actor, *versions); !may) return may;
  }
  if (ClassRow* known = classes_.find(spec.class_name, spec.class_version)) {
    return repeat_class(*known, definition);
  }
  SpecEntry& entry = entry_for(definition.spec);
  SpecStore::take(entry);
  ClassRow row;
  row.name = spec.class_name;
  row.version = spec.class_version;
  row.order = next(Counter::kClass);
  row.spec = entry.id;
  row.text = definition.text;
  row.file = definition.file;
  row.user = event.actor.user;
  row.registered = now_;
  changes_.add(ClassKey{row.name, row.order});
  classes_.add(std::move(row));
  return {};
}

Result<void> Core::repeat_class(ClassRow& row, const ClassDefinition& definition) {
  if (row.text != definition.text) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("version {} of class {} exists with another text; give it a new version",
                    row.version, row.name));
  }
  if (!row.retired) return {};
  row.retired = Time{};
  changes_.add(ClassKey{row.name, row.order});
  return {};
}

Result<void> Core::retire_class(const RetireClass& event) {
  const auto it = classes_.all().find(event.name);
  if (it == classes_.all().end()) return tl::unexpected(classes_.unknown(event.name));
  if (auto may = may_change(event.actor, it->second); !may) return may;
  const bool all = event.version.empty();
  if (!all && classes_.find(event.name, event.version) == nullptr) {
    return tl::unexpected(classes_.unknown_version(event.name, event.version));
  }
  for (ClassRow& row : it->second) {
    if (row.retired || (!all && row.version != event.version)) continue;
    row.retired = now_;
    changes_.add(ClassKey{row.name, row.order});
  }
  return {};
}

}  // namespace jobq::sched
