// SPDX-License-Identifier: Apache-2.0
// Reads the source tree from disk.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy/rules.h"

namespace jobq::tidy {
namespace {

namespace fs = std::filesystem;

bool is_cpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cc"); }

bool skipped(const fs::path& name) {
  return name == "build" || (name.string().starts_with('.') && name != ".ci");
}

bool is_text(std::string_view content) {
  return content.substr(0, 4096).find('\0') == std::string_view::npos;
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

File make_file(std::string path, std::string text) {
  static constexpr std::array kProduct = {"base", "resmgr", "sched",      "store", "net",
                                          "conf", "exec",   "controller", "sim",   "cmd"};
  File file{.path = std::move(path), .text = std::move(text), .views = {}, .folder = {}};
  const std::size_t slash = file.path.find('/');
  if (slash != std::string::npos) file.folder = file.path.substr(0, slash);
  file.cpp = is_cpp(file.path);
  file.product =
      file.cpp && std::find(kProduct.begin(), kProduct.end(), file.folder) != kProduct.end();
  if (file.cpp) file.views = split_views(file.text);
  return file;
}

Tree read_tree(const std::string& root) {
  Tree tree;
  fs::recursive_directory_iterator at(root);
  for (; at != fs::recursive_directory_iterator(); ++at) {
    if (skipped(at->path().filename())) {
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file() || at->is_symlink()) continue;
    std::string text = read_all(at->path());
    if (!is_text(text)) continue;
    tree.push_back(make_file(at->path().lexically_relative(root).string(), std::move(text)));
  }
  std::sort(tree.begin(), tree.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return tree;
}

}  // namespace jobq::tidy
