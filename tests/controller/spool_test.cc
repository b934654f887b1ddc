// SPDX-License-Identifier: Apache-2.0
// The parts of the spool: names, claims, directories, files, answers, and its thread.
#include "controller/spool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <deque>
#include <fstream>
#include <iterator>

#include "tests/temp_dir.h"

namespace jobq::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using What = SpoolEnd::What;

const std::string kKey(32, 'a');

class SpoolFolderTest : public testing::Test {
 protected:
  std::string path(const std::string& name = "") const {
    return directory_.path() + "/spool" + (name.empty() ? "" : "/" + name);
  }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool is_there(const std::string& name) const {
    struct stat about {};
    return ::lstat(path(name).c_str(), &about) == 0;
  }
  SpoolFolder open() const {
    auto folder = SpoolFolder::open(path());
    EXPECT_TRUE(folder) << folder.error().message;
    return *std::move(folder);
  }
  SpoolState state(const SpoolFolder& folder, const std::string& name,
                   SpoolSight sight = SpoolSight::kComplete) const {
    return spool_state(folder.top(), name, sight);
  }

  TempDir directory_;
};

TEST(SpoolNames, OfUnfinishedFilesAreLeftAlone) {
  for (const char* name : {"a.toml", "a", "part", "x.part.sh", "a b"}) {
    EXPECT_TRUE(is_spool_name(name)) << name;
  }
  for (const char* name : {"", ".", "..", ".a.toml", "a~", "a.part", "a.tmp", ".a.swp"}) {
    EXPECT_FALSE(is_spool_name(name)) << name;
  }
}

TEST(SpoolClaims, AreReadAsTheyAreWritten) {
  for (const char* name : {"a.toml", "-", "1-2-3", "a\nb"}) {
    const SpoolClaim claim{Time{1'700'000'000'123}, kKey, name};
    EXPECT_EQ(parse_spool_claim(to_string(claim)), claim);
  }
  for (const std::string& text :
       {std::string(), std::string("a.toml"), "5-" + kKey, "5-" + kKey + "-", "0-" + kKey + "-a",
        "-5-" + kKey + "-a", "5-" + std::string(32, 'g') + "-a", "99999999999999999999-" + kKey}) {
    EXPECT_EQ(parse_spool_claim(text), std::nullopt) << text;
  }
}

TEST(SpoolEnds, FollowFromTheAnswer) {
  const SpoolClaim claim{Time{1}, kKey, "a.jsonl"};
  const auto answer = [&](std::vector<Result<JobNumber>> tickets) {
    std::vector<std::uint32_t> lines(tickets.size());
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = static_cast<std::uint32_t>(i) + 3;
    return spool_end(claim, lines, {ReplyId{1}, sched::Submitted{std::move(tickets), {}}});
  };
  const auto refused = fail(ErrorCode::kRefused, "no room");
  EXPECT_EQ(answer({JobNumber{7}}).label, "7");
  EXPECT_EQ(answer({JobNumber{9}, JobNumber{7}}).label, "7-9");
  const SpoolEnd one = answer({refused});
  EXPECT_EQ(one.what, What::kRejected);
  EXPECT_EQ(one.why, "no room");
  const SpoolEnd some = answer({JobNumber{7}, refused});
  EXPECT_EQ(some.what, What::kAccepted);
  EXPECT_THAT(some.why, HasSubstr("1 of 2 tickets"));
  EXPECT_THAT(some.why, HasSubstr("line 4: no room"));
  const auto as_whole = [&](Error error) { return spool_end(claim, {1}, {ReplyId{1}, error}); };
  EXPECT_EQ(as_whole({ErrorCode::kUnavailable, "disk full"}).what, What::kLater);
  EXPECT_EQ(as_whole({ErrorCode::kUsage, "bad"}).what, What::kRejected);
  EXPECT_EQ(spool_end(claim, {0}, {ReplyId{1}, sched::Done{}}).label, "recurring");
}

TEST_F(SpoolFolderTest, WhatIsTakenIsFoundAgainAndMovedOn) {
  SpoolFolder folder = open();
  put("b.toml", "b");
  put("a.toml", "a");
  put(".c.toml", "c");
  EXPECT_THAT(folder.names(), ElementsAre("a.toml", "b.toml"));
  const auto first = folder.claim("a.toml");
  ASSERT_TRUE(first);
  EXPECT_THAT(folder.names(), ElementsAre("b.toml"));
  EXPECT_THAT(open().claims(), ElementsAre(*first));
  const auto renewed = folder.renew({Time{1}, kKey, "none.toml"});
  EXPECT_FALSE(renewed);
  EXPECT_TRUE(folder.accept(*first, "17"));
  EXPECT_EQ(text_of("accepted/17-a.toml"), "a");
  EXPECT_THAT(folder.claims(), IsEmpty());
  EXPECT_FALSE(folder.claim("a.toml"));
}

TEST_F(SpoolFolderTest, NothingIsOverwritten) {
  SpoolFolder folder = open();
  for (const char* text : {"one", "two", "three"}) {
    put("a.toml", text);
    const auto claim = folder.claim("a.toml");
    ASSERT_TRUE(claim && folder.reject(*claim, std::string("not ") + text));
  }
  EXPECT_EQ(text_of("rejected/a.toml"), "one");
  EXPECT_EQ(text_of("rejected/a.toml.3"), "three");
  EXPECT_THAT(text_of("rejected/a.toml.2.why"), HasSubstr("not two\n"));
}

TEST_F(SpoolFolderTest, ALongNameIsCut) {
  SpoolFolder folder = open();
  const std::string name(255, 'n');
  put(name, "x");
  const auto claim = folder.claim(name);
  ASSERT_TRUE(claim) << claim.error().message;
  ASSERT_TRUE(folder.reject(*claim, "too long"));
  EXPECT_TRUE(is_there("rejected/" + std::string(180, 'n') + ".why"));
}

TEST_F(SpoolFolderTest, OldFilesAreRemovedByTheTimeOfTheirMove) {
  SpoolFolder folder = open();
  put("accepted/1-a", "a");
  put("rejected/b", "b");
  folder.prune(wall_now() - seconds(60));
  EXPECT_TRUE(is_there("accepted/1-a") && is_there("rejected/b"));
  folder.prune(wall_now() + seconds(60));
  EXPECT_FALSE(is_there("accepted/1-a") || is_there("rejected/b"));
}

TEST_F(SpoolFolderTest, ADirectoryThatOthersCanTamperWithIsRefused) {
  open();
  ::chmod(path().c_str(), 0777);
  const auto unsafe = SpoolFolder::open(path());
  ASSERT_FALSE(unsafe);
  EXPECT_EQ(unsafe.error().code, ErrorCode::kUsage);
  EXPECT_THAT(unsafe.error().message, HasSubstr("sticky"));
  ::chmod(path().c_str(), 01733);
  open();
  ::chmod(path("rejected").c_str(), 01777);
  EXPECT_FALSE(SpoolFolder::open(path()));
  ::rmdir(path("rejected").c_str());
  ASSERT_EQ(::symlink("/tmp", path("rejected").c_str()), 0);
  EXPECT_FALSE(SpoolFolder::open(path()));
}

TEST_F(SpoolFolderTest, AFileIsReadyWhenNobodyWritesIt) {
  const SpoolFolder folder = open();
  put("a.toml", "a");
  const net::Descriptor writer(::open(path("a.toml").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_NE(state(folder, "a.toml", SpoolSight::kFound), SpoolState::kReady);
  put("b.toml", "b");
  EXPECT_EQ(state(folder, "b.toml"), SpoolState::kReady);
  EXPECT_EQ(state(folder, "b.toml", SpoolSight::kMade), SpoolState::kBusy);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(state(folder, "pipe", SpoolSight::kMade), SpoolState::kNoFile);
  ASSERT_EQ(::symlink("b.toml", path("link").c_str()), 0);
  EXPECT_EQ(state(folder, "link"), SpoolState::kNoFile);
  EXPECT_EQ(state(folder, "accepted"), SpoolState::kFolder);
  EXPECT_EQ(state(folder, "none"), SpoolState::kGone);
}

TEST_F(SpoolFolderTest, OnlyWholeFilesOfOneOwnerAreRead) {
  const SpoolFolder folder = open();
  const auto why = [&](const std::string& name) {
    const auto file = read_spool_file(folder.top(), name);
    return file ? std::string("read") : file.error().message;
  };
  put("a", "text");
  const auto file = read_spool_file(folder.top(), "a");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->text, "text");
  EXPECT_EQ(file->uid, ::getuid());
  EXPECT_TRUE(file->home.starts_with('/'));
  ::chmod(path("a").c_str(), 0602);
  EXPECT_THAT(why("a"), HasSubstr("chmod o-w"));
  put("shared", "text");
  ASSERT_EQ(::chmod(path("shared").c_str(), 0660), 0);
  EXPECT_EQ(why("shared"), "read");  // by a group of its owner alone
  if (::chown(path("shared").c_str(), ::getuid(), 1) == 0) {
    EXPECT_THAT(why("shared"), HasSubstr("chmod g-w"));
  }
  put("empty", "");
  EXPECT_THAT(why("empty"), HasSubstr("empty"));
  put("huge", "x");
  ASSERT_EQ(::truncate(path("huge").c_str(), 8'388'609), 0);
  EXPECT_THAT(why("huge"), HasSubstr("at most 8388608"));
  ASSERT_EQ(::truncate(path("huge").c_str(), 8'388'608), 0);
  EXPECT_EQ(why("huge"), "read");
  ASSERT_EQ(::link(path("huge").c_str(), path("twice").c_str()), 0);
  EXPECT_THAT(why("twice"), HasSubstr("2 names"));
  ASSERT_EQ(::symlink("/etc/passwd", path("link").c_str()), 0);
  EXPECT_THAT(why("link"), HasSubstr("a symbolic link"));
  EXPECT_THAT(why("taken"), HasSubstr("a directory"));
  EXPECT_THAT(why("none"), HasSubstr("cannot be looked at"));
}

// A worker on a loop that turns as long as the test waits.
class SpoolWorkerTest : public SpoolFolderTest {
 public:
  SpoolWorkerTest() { uv_loop_init(&loop_); }
  ~SpoolWorkerTest() override {
    worker_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }

 protected:
  void start() {
    const auto read = [](const std::string& text, const std::string&,
                         const std::string&) -> Result<std::vector<SpoolTicket>> {
      if (text == "bad") return fail(ErrorCode::kUsage, "bad:1:1: bad");
      return std::vector<SpoolTicket>(1);
    };
    worker_ = std::make_unique<SpoolWorker>(
        &loop_, open(), SpoolWorker::Settings{read, seconds(3600), seconds(3600)},
        [this](SpoolRequest request) { requests_.push_back(std::move(request)); });
  }
  SpoolClaim next() {
    while (requests_.empty()) uv_run(&loop_, UV_RUN_ONCE);
    SpoolClaim claim = std::move(requests_.front().claim);
    requests_.pop_front();
    return claim;
  }

  uv_loop_t loop_{};
  std::deque<SpoolRequest> requests_;
  std::unique_ptr<SpoolWorker> worker_;
};

TEST_F(SpoolWorkerTest, WhatTheControllerCannotRecordNowComesAgainUnderItsKey) {
  open();
  put("a.toml", "a");
  start();
  const SpoolClaim first = next();
  EXPECT_EQ(first.name, "a.toml");
  worker_->end({first, What::kLater, "", "disk full"});
  worker_->tick();
  const SpoolClaim again = next();
  EXPECT_EQ(again.key, first.key);
  EXPECT_GE(again.at, first.at);
  worker_->end({again, What::kAccepted, "5", ""});
  worker_.reset();  // ends are carried out
  EXPECT_TRUE(is_there("accepted/5-a.toml"));
  EXPECT_THAT(open().claims(), IsEmpty());
}

TEST_F(SpoolWorkerTest, WhatWasTakenBeforeComesFirstAndWhatIsInDoubtDoesNotCome) {
  open();
  put("taken/" + to_string({Time{5}, kKey, "old.toml"}), "a");
  put("taken/" + to_string({wall_now(), kKey, "new.toml"}), "a");
  put("b.toml", "a");
  put("bad.toml", "bad");
  start();
  EXPECT_EQ(next().name, "new.toml");
  EXPECT_EQ(next().name, "b.toml");
  worker_.reset();
  EXPECT_THAT(text_of("rejected/old.toml.why"), HasSubstr("nobody knows"));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(SpoolWorkerTest, NoMoreAreTakenThanAreAnswered) {
  open();
  constexpr int kMany = 200;
  for (int i = 0; i < kMany; ++i) put("f" + std::to_string(i), "a");
  start();
  std::vector<SpoolClaim> open_ones;
  for (int i = 0; i < 64; ++i) open_ones.push_back(next());
  EXPECT_THAT(open().names(), testing::SizeIs(kMany - 64));
  for (int i = 64; i < kMany + 64; ++i) {
    worker_->end({open_ones.back(), What::kAccepted, std::to_string(i), ""});
    open_ones.pop_back();
    if (i < kMany) open_ones.push_back(next());
  }
  worker_.reset();
  EXPECT_THAT(open().names(), IsEmpty());
  EXPECT_THAT(open().claims(), IsEmpty());
}

}  // namespace
}  // namespace jobq::controller
