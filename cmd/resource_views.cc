// SPDX-License-Identifier: Apache-2.0
// Named resources, as they are shown.
#include "cmd/resource_views.h"

#include <fmt/format.h>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/table.h"
#include "controller/translate.h"
#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

std::string kind_of(const wire::ResourceView& resource) {
  const bool counted = resource.kind() == static_cast<std::uint32_t>(resmgr::NamedKind::kTokens);
  if (!resource.command().empty()) return "device";
  return counted ? "tokens" : "exclusive";
}

std::string holders_of(const wire::ResourceView& resource) {
  std::string text;
  for (const wire::ResourceView::Holder& holder : resource.holders()) {
    text +=
        fmt::format("{}{}", text.empty() ? "" : ", ", to_string(controller::ref_from_wire(holder)));
    if (holder.amount() > 1) text += fmt::format(" ({})", holder.amount());
  }
  return text.empty() ? "-" : text;
}

}  // namespace

Result<wire::ResourceList> ask_for_resources(Client& client) {
  wire::Frame request;
  request.mutable_resource_request()->set_verb(wire::ResourceRequest::LIST);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_resources()) return unexpected_answer();
  return answer->resources();
}

Result<wire::ResourceView> ask_for_resource(Client& client, const std::string& name) {
  const Result<wire::ResourceList> list = ask_for_resources(client);
  if (!list) return tl::unexpected(list.error());
  for (const wire::ResourceView& resource : list->resources()) {
    if (resource.name() == name) return resource;
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no resource '{}'; `jq resource list` lists them", name));
}

void print_resource_as_json(const wire::ResourceView& resource) {
  JsonWriter json;
  json.object();
  json.field("name", resource.name());
  json.field("kind", kind_of(resource));
  json.field("total", resource.total());
  json.field("free", resource.free());
  json.field("command", unless_empty(resource.command()));
  json.name("holders");
  json.array();
  for (const wire::ResourceView::Holder& holder : resource.holders()) {
    json.object();
    json.field("job", holder.job());
    json.field("index", controller::ref_from_wire(holder).index);
    json.field("amount", holder.amount());
    json.end();
  }
  json.end();
  json.end();
  print(json.line());
}

void print_resource_table(const wire::ResourceList& list) {
  Table table({{"RESOURCE", false, 8},
               {"KIND"},
               {"TOTAL", true},
               {"FREE", true},
               {"HELD BY JOBS", false, 12}});
  for (const wire::ResourceView& resource : list.resources()) {
    table.add({resource.name(), kind_of(resource), std::to_string(resource.total()),
               std::to_string(resource.free()), holders_of(resource)});
  }
  print(table.take_text(standard_output()));
}

}  // namespace jobq::cmd
