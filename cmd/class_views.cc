// SPDX-License-Identifier: Apache-2.0
// Classes, as they are shown.
#include "cmd/class_views.h"

#include "cmd/json_writer.h"
#include "cmd/messages.h"

namespace jobq::cmd {

ClassName parse_class_name(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

Result<wire::ClassView> ask_for_class(Client& client, const ClassName& name) {
  wire::Frame request;
  wire::ClassRequest& about = *request.mutable_class_request();
  about.set_verb(wire::ClassRequest::SHOW);
  about.set_name(name.name);
  about.set_version(name.version);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_classes() || answer->classes().classes().empty()) return unexpected_answer();
  return answer->classes().classes(0);
}

void print_class_as_json(const wire::ClassView& view, bool with_text) {
  JsonWriter json;
  json.object();
  json.field("name", view.name());
  json.field("version", view.version());
  json.field("user", view.user());
  json.field("registered", Time{view.registered()});
  json.field("retired", Time{view.retired()});
  json.field("file", unless_empty(view.file()));
  if (with_text) json.field("text", view.text());
  json.end();
  print(json.line());
}

void print_class_text(const wire::ClassView& view) {
  print(view.text());
  if (!view.text().ends_with('\n')) print("\n");
}

}  // namespace jobq::cmd
