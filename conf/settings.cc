// SPDX-License-Identifier: Apache-2.0
// Reading of jobq.toml over the table of settings, and what its sections must not say of each
// other.
#include "conf/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/nearest.h"
#include "conf/document.h"
#include "conf/scalars.h"
#include "conf/settings_table.h"

namespace jobq::conf {
namespace {

// "ADDR:PORT", "[ADDR]:PORT".
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool digits =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || port.empty() || port.size() > 5 || std::stoi(std::string(port)) > 65535)
    return false;
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return bracketed ? host.size() > 2 : host.find(':') == std::string_view::npos;
}

void read_form(const Node& node, const Setting& setting, std::string& out, FaultSink& faults) {
  const bool is_string = node.kind == Node::Kind::kString;
  switch (setting.form) {
    case Form::kPath:
      if (!is_string || !node.text.starts_with('/')) {
        refuse(node, "a path from the root, like \"/var/lib/jobq\"", faults);
      }
      break;
    case Form::kAddress:
      if (!is_string || !is_address(node.text)) {
        refuse(node, "an address like \"10.0.0.1:7800\" or \"[::1]:7800\"", faults);
      }
      break;
    case Form::kText:
      if (!is_string || std::ssize(node.text) > setting.most) {
        refuse(node, fmt::format("a text of at most {} bytes", setting.most), faults);
      }
      break;
    default: read_name(node, out, faults); break;
  }
  out = node.text;
}

void read_value(const Node& node, const Setting& setting, Millis& out, FaultSink& faults) {
  const Millis least = seconds(setting.least);
  const Millis most = seconds(setting.most);
  if (!read_duration(node, out, faults) || (least <= out && out <= most)) return;
  refuse(node, fmt::format("a duration of {} to {}", format_duration(least), format_duration(most)),
         faults);
}

void read_value(const Node& node, const Setting& setting, std::optional<Millis>& out,
                FaultSink& faults) {
  read_value(node, setting, out.emplace(), faults);
}

void read_value(const Node& node, const Setting& setting, int& out, FaultSink& faults) {
  std::int64_t number = 0;
  read_number(node, setting.least, setting.most, number, faults);
  out = static_cast<int>(number);
}

void read_value(const Node& node, const Setting& setting, std::uint32_t& out, FaultSink& faults) {
  std::int64_t number = 0;
  read_number(node, setting.least, setting.most, number, faults);
  out = static_cast<std::uint32_t>(number);
}

void read_value(const Node& node, const Setting& setting, std::optional<std::uint32_t>& out,
                FaultSink& faults) {
  read_value(node, setting, out.emplace(), faults);
}

void read_value(const Node& node, const Setting& /*setting*/, std::optional<Bytes>& out,
                FaultSink& faults) {
  read_size(node, out.emplace(), faults);
}

// The strings of a list, or the one string.
std::vector<const Node*> words_of(const Node& node) {
  if (node.kind == Node::Kind::kString) return {&node};
  std::vector<const Node*> words;
  for (const Node& item : node.children) {
    if (item.kind == Node::Kind::kString) words.push_back(&item);
  }
  return words;
}

bool is_pattern(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '*', 'x');
  return resmgr::valid_name(name);
}

// As the system has it, which may be "ann@site".
bool is_user_name(std::string_view text) {
  const auto is_blank = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  return !text.empty() && std::none_of(text.begin(), text.end(), is_blank);
}

void read_value(const Node& node, const Setting& setting, Names& out, FaultSink& faults) {
  if (!read_words(node, out, faults)) return;
  const bool patterns = setting.form == Form::kPatterns;
  const bool features = setting.form == Form::kFeatures;
  const std::string_view expected =
      patterns   ? "the name of a node, in which '*' stands for any letters"
      : features ? "the name of a feature, of letters, digits, '.', '_' and '-'"
                 : "the name of a user, without blanks";
  if (patterns && out.empty()) {
    faults.add(node.place, fmt::format("expected {}, found none", expected));
  }
  for (const Node* word : words_of(node)) {
    const bool is_name = patterns   ? is_pattern(word->text)
                         : features ? resmgr::valid_name(word->text)
                                    : is_user_name(word->text);
    if (!is_name) refuse(*word, expected, faults);
  }
}

void read_value(const Node& node, const Setting& /*setting*/, Counts& out, FaultSink& faults) {
  read_counts(node, out, faults);
  if (node.kind != Node::Kind::kTable) return;
  for (const Node& child : node.children) {
    if (resmgr::valid_name(child.key)) continue;
    faults.add(child.key_place, fmt::format("'{}' is not a name of a resource", child.key));
  }
}

void read_value(const Node& node, const Setting& /*setting*/, resmgr::Backfill& out,
                FaultSink& faults) {
  using resmgr::Backfill;
  for (const Backfill one : {Backfill::kNone, Backfill::kEasy, Backfill::kConservative}) {
    if (node.kind != Node::Kind::kString || node.text != to_string(one)) continue;
    out = one;
    return;
  }
  refuse(node, "\"none\", \"easy\" or \"conservative\"", faults);
}

void read_value(const Node& node, const Setting& /*setting*/, KeeperStart& out, FaultSink& faults) {
  for (const KeeperStart one : {KeeperStart::kAgent, KeeperStart::kService}) {
    if (node.kind != Node::Kind::kString || node.text != to_string(one)) continue;
    out = one;
    return;
  }
  refuse(node, "\"agent\" or \"service\"", faults);
}

void read_value(const Node& node, const Setting& setting, std::string& out, FaultSink& faults) {
  read_form(node, setting, out, faults);
}

// Of the section as the rows name it: "controller", "element.NAME".
const Setting* find_setting(std::string_view section, std::string_view key) {
  const auto table = setting_table();
  const auto at = std::find_if(table.begin(), table.end(), [&](const Setting& setting) {
    return setting.name.size() == section.size() + 1 + key.size() &&
           setting.name.starts_with(section) && setting.name.ends_with(key);
  });
  return at == table.end() ? nullptr : &*at;
}

void add_unknown_setting(const Node& node, const std::string& section, const std::string& shown,
                         FaultSink& faults) {
  std::vector<std::string_view> known;
  for (const Setting& setting : setting_table()) {
    if (setting.name.starts_with(section + '.'))
      known.push_back(setting.name.substr(section.size() + 1));
  }
  faults.add(node.key_place, fmt::format("unknown setting '{}' in [{}]{}", node.key, shown,
                                         did_you_mean(node.key, known)));
}

// `section` as the rows name it, `shown` as the file does.
void read_settings(const Node& table, const std::string& section, const std::string& shown,
                   Settings& out, FaultSink& faults) {
  for (const Node& node : table.children) {
    const Setting* setting = find_setting(section, node.key);
    if (setting == nullptr) {
      add_unknown_setting(node, section, shown, faults);
      continue;
    }
    std::visit([&](auto* slot) { read_value(node, *setting, *slot, faults); }, setting->slot(out));
  }
}

void read_plain_section(const Node& section, Settings& out, FaultSink& faults) {
  if (section.kind != Node::Kind::kTable) {
    refuse(section, fmt::format("the section [{}]", section.key), faults);
    return;
  }
  read_settings(section, section.key, section.key, out, faults);
}

void check_required(const Node& table, const std::string& section, const std::string& shown,
                    FaultSink& faults) {
  for (const Setting& setting : setting_table()) {
    if (!setting.is_required || !setting.name.starts_with(section + '.')) continue;
    const std::string_view key = setting.name.substr(section.size() + 1);
    if (table.find(key) != nullptr) continue;
    faults.add(table.place, fmt::format("[{}] has no {}; expected them", shown, key));
  }
}

void read_named_section(const Node& sections, const NamedSection& kind, Settings& out,
                        FaultSink& faults) {
  const std::string label = label_of(kind);
  if (sections.kind != Node::Kind::kTable) {
    refuse(sections, fmt::format("sections [{}]", label), faults);
    return;
  }
  for (const Node& section : sections.children) {
    if (section.kind != Node::Kind::kTable) {
      refuse(section, fmt::format("a section [{}]", label), faults);
      continue;
    }
    const bool is_name =
        kind.is_plain ? resmgr::valid_name(section.key) : is_user_name(section.key);
    if (!is_name) {
      faults.add(section.key_place, fmt::format("'{}' cannot be NAME in [{}]", section.key, label));
    }
    const std::string shown = fmt::format("{}.{}", kind.name, section.key);
    kind.add(out, section.key);
    read_settings(section, label, shown, out, faults);
    check_required(section, label, shown, faults);
  }
}

// --- what must fit together ---------------------------------------------------------------------

// A default that its own element would refuse.
void check_limits(const Node& elements, FaultSink& faults) {
  for (const Node& element : elements.children) {
    const Node* most = element.find("max_limit");
    const Node* usual = element.find("default_limit");
    Millis longest;
    Millis limit;
    FaultSink told_already("");
    if (most == nullptr || !read_duration(*most, longest, told_already)) continue;
    if (usual == nullptr || !read_duration(*usual, limit, told_already)) continue;
    if (limit <= longest) continue;
    faults.add(usual->place,
               fmt::format("expected a duration of at most {}, which is max_limit, found {}",
                           format_duration(longest), format_duration(limit)));
  }
}

void check_accounts(const Node& accounts, FaultSink& faults) {
  std::map<std::string_view, std::string_view> account_of;
  for (const Node& account : accounts.children) {
    const Node* users = account.find("users");
    if (users == nullptr) continue;
    for (const Node* user : words_of(*users)) {
      const auto [at, fresh] = account_of.emplace(user->text, account.key);
      if (fresh) continue;
      faults.add(user->place, fmt::format("user '{}' is in account '{}' already; expected each "
                                          "user in one account",
                                          user->text, at->second));
    }
  }
}

template <class List>
void sort_by_name(List& list) {
  std::ranges::sort(list, {}, [](const auto& entry) -> const std::string& { return entry.name; });
}

void read_root(const Node& root, Settings& out, FaultSink& faults) {
  std::vector<std::string_view> known(plain_sections().begin(), plain_sections().end());
  for (const NamedSection& kind : named_sections()) known.push_back(kind.name);
  for (const Node& node : root.children) {
    const auto plain = std::ranges::find(plain_sections(), node.key);
    const auto named = std::ranges::find(named_sections(), node.key, &NamedSection::name);
    if (plain != plain_sections().end()) {
      read_plain_section(node, out, faults);
    } else if (named != named_sections().end()) {
      read_named_section(node, *named, out, faults);
    } else {
      faults.add(node.key_place,
                 fmt::format("unknown section '{}'{}", node.key, did_you_mean(node.key, known)));
    }
  }
  if (const Node* elements = root.find("element")) check_limits(*elements, faults);
  if (const Node* accounts = root.find("account")) check_accounts(*accounts, faults);
  sched::Policy& policy = out.controller.policy;
  sort_by_name(policy.elements);
  sort_by_name(policy.users);
  sort_by_name(policy.classes);
  sort_by_name(policy.accounts);
}

}  // namespace

Parsed<Settings> parse_settings(std::string_view text, const std::string& file) {
  FaultSink faults(file);
  Parsed<Settings> parsed;
  Node root;
  if (parse_toml(without_mark(text), root, faults)) read_root(root, parsed.value, faults);
  parsed.faults = faults.take();
  return parsed;
}

}  // namespace jobq::conf
