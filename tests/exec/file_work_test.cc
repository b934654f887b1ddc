// SPDX-License-Identifier: Apache-2.0
// File orders: parts, their names and their owners, blocks that may come twice, and quotas.
#include "exec/file_work.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "exec/borrowed_identity.h"
#include "exec/file_part.h"
#include "net/sha256.h"
#include "tests/temp_dir.h"

namespace jobq::exec {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Order = wire::FileOrder;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FileWork : public ::testing::Test {
 public:
  Order order(Order::What what, const std::string& name) const {
    Order out;
    out.set_what(what);
    out.set_path(directory() + "/" + name);
    return out;
  }
  // About the part of a file of one block and a half.
  Order part(Order::What what, const std::string& token = std::string(32, 'a')) const {
    Order out = order(what, "file");
    out.set_size(kSize);
    out.set_token(token);
    out.set_source("here");
    out.set_mode(0640);
    out.set_mtime_ns(1'500'000'000'000'000'000);
    return out;
  }
  Order block(std::uint64_t number, const std::string& token = std::string(32, 'a')) const {
    Order out = part(Order::WRITE, token);
    out.set_offset(number * kFileBlock);
    out.set_data(
        std::string(std::min(kFileBlock, kSize - out.offset()), static_cast<char>('x' + number)));
    return out;
  }
  Result<wire::FileReply> run(const Order& what) {
    return carry_out(what, {geteuid(), getegid(), {}}, share_);
  }
  ErrorCode code_of(const Order& what) {
    const auto reply = run(what);
    return reply ? ErrorCode::kInternal : reply.error().code;
  }
  std::string directory() const { return directory_.path(); }
  std::string part_path() const { return directory() + "/.file.jobq-part"; }
  static constexpr std::uint64_t kSize = kFileBlock + kFileBlock / 2;

 private:
  TempDir directory_;
  FileShare share_;
};

TEST_F(FileWork, AFileHasItsNameWhenAllBlocksHaveCome) {
  ASSERT_TRUE(run(part(Order::BEGIN)));
  ASSERT_TRUE(run(block(1)));
  EXPECT_EQ(code_of(part(Order::FINISH)), ErrorCode::kRefused);
  EXPECT_NE(access((directory() + "/file").c_str(), F_OK), 0);
  ASSERT_TRUE(run(block(0)));
  ASSERT_TRUE(run(block(0)));  // once more: an answer was lost
  ASSERT_TRUE(run(part(Order::FINISH)));
  EXPECT_EQ(content(directory() + "/file"),
            std::string(kFileBlock, 'x') + std::string(kFileBlock / 2, 'y'));
  struct stat status = {};
  ASSERT_EQ(stat((directory() + "/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'500'000'000);
  EXPECT_NE(access(part_path().c_str(), F_OK), 0);
}

TEST_F(FileWork, WhoBeginsAgainLearnsWhatHasComeAndHasThePartAlone) {
  ASSERT_TRUE(run(part(Order::BEGIN)));
  ASSERT_TRUE(run(block(1)));
  const std::string other(32, 'b');
  const auto again = run(part(Order::BEGIN, other));
  ASSERT_TRUE(again);
  ASSERT_EQ(again->done_size(), 1);
  EXPECT_EQ(again->done(0).first(), 1U);
  EXPECT_EQ(again->done(0).count(), 1U);
  const auto late = run(block(0));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("another copy to this file has begun"));
  EXPECT_TRUE(run(block(0, other)));
  EXPECT_EQ(code_of(part(Order::FINISH)), ErrorCode::kRefused);
  EXPECT_TRUE(run(part(Order::FINISH, other)));
}

TEST_F(FileWork, APartOfAnotherSourceIsNotGoneOnWith) {
  ASSERT_TRUE(run(part(Order::BEGIN)));
  ASSERT_TRUE(run(block(0)));
  Order changed = part(Order::BEGIN);
  changed.set_mtime_ns(1);
  const auto begun = run(changed);
  ASSERT_TRUE(begun);
  EXPECT_THAT(begun->done(), IsEmpty());
}

TEST_F(FileWork, ABlockIsWholeAndWithinTheFile) {
  ASSERT_TRUE(run(part(Order::BEGIN)));
  Order wrong = block(1);
  wrong.set_offset(kFileBlock + 1);
  EXPECT_EQ(code_of(wrong), ErrorCode::kUsage);
  wrong = block(0);
  wrong.set_offset(2 * kFileBlock);
  EXPECT_EQ(code_of(wrong), ErrorCode::kUsage);
  wrong = block(0);
  wrong.mutable_data()->push_back('x');
  EXPECT_EQ(code_of(wrong), ErrorCode::kUsage);
  EXPECT_EQ(code_of(part(Order::BEGIN, "short")), ErrorCode::kUsage);
}

TEST_F(FileWork, ALinkOrASecondNameInThePlaceOfThePartIsRefused) {
  const std::string victim = directory() + "/victim";
  std::ofstream(victim) << "mine";
  ASSERT_EQ(symlink(victim.c_str(), part_path().c_str()), 0);
  EXPECT_EQ(code_of(part(Order::BEGIN)), ErrorCode::kDenied);
  ASSERT_EQ(unlink(part_path().c_str()), 0);
  ASSERT_EQ(link(victim.c_str(), part_path().c_str()), 0);
  EXPECT_EQ(code_of(part(Order::BEGIN)), ErrorCode::kDenied);
  EXPECT_EQ(content(victim), "mine");
  ASSERT_EQ(unlink(part_path().c_str()), 0);
  ASSERT_EQ(mkfifo(part_path().c_str(), 0600), 0);
  EXPECT_FALSE(run(part(Order::BEGIN)));  // and does not wait for a reader
}

TEST_F(FileWork, ChecksumsAreOfWhatWasAskedFor) {
  std::ofstream(directory() + "/abc") << "abcdef";
  Order hash = order(Order::HASH, "abc");
  hash.set_size(3);
  auto sum = run(hash);
  ASSERT_TRUE(sum);
  EXPECT_EQ(net::to_hex(sum->sha256()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  hash.set_size(0);
  sum = run(hash);
  ASSERT_TRUE(sum);
  EXPECT_EQ(net::to_hex(sum->sha256()),
            "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721");
}

TEST_F(FileWork, AnAreaTakesNoMoreThanItsQuotaAndNothingLeadsOut) {
  const auto in_area = [&](Order order, const std::string& path) {
    order.set_root(directory());
    order.set_quota(2 * kSize - 1);
    order.set_path(path);
    return order;
  };
  ASSERT_TRUE(run(in_area(part(Order::BEGIN), "one")));
  ASSERT_TRUE(run(in_area(part(Order::BEGIN), "one")));  // again: it is counted once
  const auto full = run(in_area(part(Order::BEGIN), "two"));
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message, HasSubstr("there is no room"));
  EXPECT_EQ(code_of(in_area(order(Order::READ, ""), "../etc/passwd")), ErrorCode::kDenied);
  ASSERT_EQ(symlink("/etc", (directory() + "/out").c_str()), 0);
  EXPECT_EQ(code_of(in_area(order(Order::READ, ""), "out/passwd")), ErrorCode::kDenied);
}

TEST_F(FileWork, AnotherUsersFilesAreNotTouchedByWhoIsNotRoot) {
  if (geteuid() == 0) GTEST_SKIP() << "this is root";
  FileShare share;
  const auto reply = carry_out(order(Order::STAT, "x"), {geteuid() + 1, getegid(), {}}, share);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kDenied);
}

// They lead past directories that are closed to who follows them.
TEST_F(FileWork, LinksOfTheKernelAreNotFollowed) {
  std::ofstream(directory() + "/file") << "text";
  const int here = open(directory().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(here, 0);
  const std::string through = "/proc/self/fd/" + std::to_string(here);
  Order read;
  read.set_what(Order::READ);
  read.set_size(10);
  read.set_path(through + "/file");
  EXPECT_EQ(code_of(read), ErrorCode::kDenied);
  read.set_path(directory() + "/file");
  EXPECT_TRUE(run(read));
  close(here);
}

TEST_F(FileWork, WhoBorrowsAnIdentityHasNoCapabilityLeft) {
  if (geteuid() != 0) GTEST_SKIP() << "only root lends identities";
  const auto effective = [] {
    std::ifstream status("/proc/thread-self/status");
    std::string line;
    while (std::getline(status, line)) {
      if (line.starts_with("CapEff:")) return line.substr(8);
    }
    return std::string();
  };
  const std::string own = effective();
  {
    const BorrowedIdentity nobody(65534, 65534, {65534});
    EXPECT_EQ(effective(), "0000000000000000");
  }
  EXPECT_EQ(effective(), own);
}

TEST_F(FileWork, APartHasASizeThatAFileCanHave) {
  Order huge = part(Order::BEGIN);
  huge.set_size(std::uint64_t{1} << 60U);
  EXPECT_EQ(code_of(huge), ErrorCode::kUsage);
}

TEST_F(FileWork, ALongAnswerComesInParts) {
  const std::string target(4000, 'x');
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(symlink(target.c_str(), (directory() + "/" + std::to_string(i)).c_str()), 0);
  }
  std::size_t entries = 0;
  int answers = 0;
  Order list = order(Order::LIST, "");
  for (bool more = true; more; ++answers) {
    const auto reply = run(list);
    ASSERT_TRUE(reply);
    EXPECT_LT(reply->ByteSizeLong(), 2U << 20U);
    ASSERT_GT(reply->entries_size(), 0);
    entries += static_cast<std::size_t>(reply->entries_size());
    more = reply->more();
    list.set_name(reply->entries(reply->entries_size() - 1).name());
  }
  EXPECT_EQ(entries, 600U);
  EXPECT_GT(answers, 1);
}

TEST_F(FileWork, ALockedPartIsComeBackToAndWaitedForByNobody) {
  ASSERT_TRUE(run(part(Order::BEGIN)));
  const int file = open(part_path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(file, LOCK_EX), 0);
  EXPECT_EQ(code_of(part(Order::BEGIN)), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(block(0)), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(part(Order::FINISH)), ErrorCode::kUnavailable);
  close(file);
  EXPECT_TRUE(run(block(0)));
}

TEST_F(FileWork, LongChecksumsHaveThreadsLeftBesideThem) {
  std::ofstream(directory() + "/file") << "text";
  FileShare share;
  const LongWork::Place first(share.long_work, true);
  const LongWork::Place second(share.long_work, true);
  const FileUser self{geteuid(), getegid(), {}};
  Order hash = order(Order::HASH, "file");
  const auto refused = carry_out(hash, self, share);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  hash.set_size(4);
  EXPECT_TRUE(carry_out(hash, self, share));
  share.long_work.stop();
  EXPECT_FALSE(carry_out(hash, self, share));
}

TEST_F(FileWork, OnlyWhatLiesInAnAreaIsRemovedAndNoLinkIsFollowed) {
  const std::string root = directory() + "/area";
  ASSERT_TRUE(run(order(Order::MKDIR, "area/mine/deep")));
  ASSERT_TRUE(run(order(Order::MKDIR, "outside")));
  std::ofstream(directory() + "/outside/file") << "precious";
  std::ofstream(root + "/mine/deep/file") << "gone";
  ASSERT_EQ(symlink((directory() + "/outside").c_str(), (root + "/mine/link").c_str()), 0);
  ASSERT_EQ(symlink((directory() + "/outside").c_str(), (root + "/out").c_str()), 0);
  EXPECT_EQ(code_of(order(Order::REMOVE, "area/mine")), ErrorCode::kDenied);
  const auto remove = [&](const std::string& path) {
    Order out;
    out.set_what(Order::REMOVE);
    out.set_root(root);
    out.set_path(path);
    return out;
  };
  EXPECT_EQ(code_of(remove("out/file")), ErrorCode::kDenied);
  EXPECT_EQ(code_of(remove("mine/../../outside")), ErrorCode::kDenied);
  EXPECT_EQ(code_of(remove(".")), ErrorCode::kUsage);
  EXPECT_TRUE(run(remove("mine")));
  EXPECT_NE(access((root + "/mine").c_str(), F_OK), 0);
  EXPECT_TRUE(run(remove("mine")));
  EXPECT_TRUE(run(remove("out")));
  EXPECT_EQ(content(directory() + "/outside/file"), "precious");
}

TEST_F(FileWork, ADirectoryIsMadeWithTheModeOfTheOrder) {
  Order closed = order(Order::MKDIR, "open/closed");
  closed.set_mode(0700);
  ASSERT_TRUE(run(closed));
  struct stat status = {};
  ASSERT_EQ(stat((directory() + "/open/closed").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((directory() + "/open").c_str(), &status), 0);
  EXPECT_NE(status.st_mode & 0777U, 0700U);
}

}  // namespace
}  // namespace jobq::exec
