// SPDX-License-Identifier: Apache-2.0
// Finding things on disk: the next jq on PATH, the controller's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cmd/locate.h"
#include "cmd/passthrough.h"
#include "tests/temp_dir.h"

namespace jobq::cmd {
namespace {

using testing::HasSubstr;

class PlacesTest : public testing::Test {
 public:
  PlacesTest() {
    for (const char* name : {"JOBQ_SOCKET", "JOBQ_CONTROLLER", "JOBQ_KEY", "JOBQ_CONFIG"}) {
      ::unsetenv(name);
    }
    ::setenv("XDG_CONFIG_HOME", (directory_ / "config").c_str(), 1);
    ::setenv("XDG_RUNTIME_DIR", (directory_ / "run").c_str(), 1);
  }

 protected:
  void write(const std::string& name, std::string_view text, mode_t mode = 0644) {
    const std::filesystem::path path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
  }
  std::string path_of(std::initializer_list<const char*> folders) const {
    std::string path;
    for (const char* folder : folders) {
      path += (path.empty() ? "" : ":") + directory_ / folder;
    }
    return path;
  }
  std::string next_jq(std::initializer_list<const char*> folders, const std::string& self) const {
    const std::string found = find_next_jq(path_of(folders), directory_ / self);
    return found.empty() ? found : found.substr(directory_.path().size() + 1);
  }

  TempDir directory_;
};

TEST_F(PlacesTest, the_next_jq_is_not_this_file_by_whatever_name) {
  write("ours/jobq", "ours", 0755);
  std::filesystem::create_symlink("jobq", directory_ / "ours/jq");
  std::filesystem::create_hard_link(directory_ / "ours/jobq", directory_ / "ours/other");
  write("theirs/jq", "theirs", 0755);
  EXPECT_EQ(next_jq({"ours", "theirs"}, "ours/jobq"), "theirs/jq");
  EXPECT_EQ(next_jq({"theirs", "ours"}, "ours/other"), "theirs/jq");
  EXPECT_EQ(next_jq({"ours"}, "ours/jobq"), "");
}

TEST_F(PlacesTest, what_cannot_be_executed_is_no_jq) {
  write("ours/jq", "ours", 0755);
  write("plain/jq", "text", 0644);
  std::filesystem::create_directories(directory_ / "folder/jq");
  write("theirs/jq", "theirs", 0755);
  EXPECT_EQ(next_jq({"ours", "missing", "plain", "folder", "theirs"}, "ours/jq"), "theirs/jq");
}

TEST_F(PlacesTest, two_installations_of_ours_never_pass_to_and_fro) {
  const std::string marked = "jobq passes other people's jq on";
  write("first/jq", marked, 0755);
  write("second/jq", marked, 0755);
  EXPECT_EQ(next_jq({"first", "second"}, "first/jq"), "second/jq");
  EXPECT_EQ(next_jq({"first", "second"}, "second/jq"), "");
  write("theirs/jq", "theirs", 0755);
  EXPECT_EQ(next_jq({"theirs", "first", "second"}, "second/jq"), "theirs/jq");
}

TEST_F(PlacesTest, options_win_over_the_environment_over_the_file_over_the_usual) {
  const auto first = [](const ControllerOptions& options) {
    const auto places = places_of_controller(options);
    return places ? places->front() : Place{"", "", "", places.error().message};
  };
  EXPECT_EQ(first({}).socket, directory_ / "run/jobq/controller.sock");
  EXPECT_EQ(places_of_controller({})->back().socket, "/run/jobq/controller.sock");
  write("config/jobq/jobq.toml", "[client]\nsocket = \"/a/file.sock\"\n");
  EXPECT_EQ(first({}).socket, "/a/file.sock");
  ::setenv("JOBQ_CONTROLLER", "host:7117", 1);
  ::setenv("JOBQ_KEY", "/a/key", 1);
  EXPECT_EQ(first({}).address, "host:7117");
  EXPECT_EQ(first({}).key, "/a/key");
  ControllerOptions options;
  options.socket = "/an/option.sock";
  EXPECT_EQ(first(options).socket, "/an/option.sock");
  options.controller = "other:1";
  EXPECT_THAT(first(options).from, HasSubstr("both --socket and --controller"));
}

TEST_F(PlacesTest, a_file_that_was_asked_for_must_be_there_and_right) {
  ControllerOptions options;
  options.config = directory_ / "none.toml";
  ASSERT_FALSE(places_of_controller(options));
  write("bad.toml", "[client]\nsokcet = 1\n");
  options.config = directory_ / "bad.toml";
  const auto places = places_of_controller(options);
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::kUsage);
  EXPECT_THAT(places.error().message, HasSubstr("bad.toml:2:"));
}

}  // namespace
}  // namespace jobq::cmd
