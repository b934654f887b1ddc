// SPDX-License-Identifier: Apache-2.0
// Asking for classes and showing them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cmd/client.h"
#include "net/jobq.pb.h"

namespace jobq::cmd {

// "daily-plan@3"; without a version, the newest that is not retired.
struct ClassName {
  std::string name;
  std::string version;
};
ClassName parse_class_name(std::string_view text);

Result<wire::ClassView> ask_for_class(Client& client, const ClassName& name);
void print_class_as_json(const wire::ClassView& view, bool with_text);
void print_class_text(const wire::ClassView& view);  // as its author wrote it

}  // namespace jobq::cmd
