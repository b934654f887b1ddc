// SPDX-License-Identifier: Apache-2.0
// The directory of services, with a clock of the test's own.
#include "controller/services.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <utility>

namespace jobq::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};
constexpr NodeId kThree{3};

wire::Service service(const std::string& type, Millis left) {
  wire::Service one;
  one.set_type(type);
  one.set_ttl(left.count);
  one.set_left(left.count);
  return one;
}

wire::NodeServices services(const std::vector<wire::Service>& all) {
  wire::NodeServices said;
  for (const wire::Service& one : all) *said.add_services() = one;
  return said;
}

// "n1: web 30000, db 10000": what is left of each, in milliseconds.
std::string text_of(const wire::NodeServices& said) {
  Texts parts;
  for (const wire::Service& one : said.services()) {
    parts.push_back(fmt::format("{} {}", one.type(), one.left()));
  }
  return fmt::format("{}: {}", said.node(), fmt::join(parts, ", "));
}

class ServicesTest : public testing::Test {
 protected:
  void join(NodeId id) { services_.joined(id, fmt::format("n{}", id.value)); }
  void leave(NodeId id) { services_.left(id); }
  void offer(NodeId id, const std::vector<wire::Service>& all) {
    services_.offered(id, services(all));
  }
  // Time goes on, and the alarm rings when it should.
  void pass(Millis time) {
    const std::int64_t end_ns = now_ns_ + time.count * kNsPerMs;
    while (alarm_ns_ && *alarm_ns_ <= end_ns) {
      now_ns_ = *std::exchange(alarm_ns_, std::nullopt);
      services_.expire();
    }
    now_ns_ = end_ns;
  }
  // "2 hears n1: web 30000", since it was asked last.
  Texts heard() { return std::exchange(heard_, {}); }
  // What the core was told since then: "1 offers db, web".
  Texts posted() { return std::exchange(posted_, {}); }
  void forget() {
    heard();
    posted();
  }
  Texts found(const std::string& type) const {
    Texts texts;
    for (const wire::NodeServices& node : services_.find(type)) texts.push_back(text_of(node));
    return texts;
  }
  int count(const std::string& type) const {
    int entries = 0;
    for (const wire::NodeServices& node : services_.find(type)) entries += node.services_size();
    return entries;
  }
  bool is_watched() const { return alarm_ns_.has_value(); }

  sched::Policy policy_;

 private:
  Services::Doors doors() {
    return {policy_,
            [this](const sched::NodeServices& news) {
              posted_.push_back(
                  fmt::format("{} offers {}", news.node.value, fmt::join(news.types, ", ")));
            },
            [this](NodeId to, const wire::Frame& frame) {
              heard_.push_back(fmt::format("{} hears {}", to.value, text_of(frame.offered())));
            },
            [this] { return now_ns_; },
            [this](std::optional<Millis> delay) {
              alarm_ns_.reset();
              if (delay) alarm_ns_ = now_ns_ + delay->count * kNsPerMs;
            }};
  }

  std::int64_t now_ns_ = 5'000 * kNsPerMs;
  std::optional<std::int64_t> alarm_ns_;
  Texts heard_;
  Texts posted_;
  Services services_{doors()};
};

TEST_F(ServicesTest, AnOfferIsToldToTheOtherNodesAndItsTypesToTheCore) {
  join(kOne);
  join(kTwo);
  join(kThree);
  offer(kOne, {service("web", seconds(30)), service("db", seconds(10)), service("db", seconds(9))});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 30000, db 10000, db 9000",
                                   "3 hears n1: web 30000, db 10000, db 9000"));
  EXPECT_THAT(posted(), ElementsAre("1 offers db, web"));
  EXPECT_THAT(found("web"), ElementsAre("n1: web 30000"));
  EXPECT_THAT(found("mail"), IsEmpty());
}

TEST_F(ServicesTest, WhoSaysTheSameAgainMakesItLastLongerAndIsNoNews) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30))});
  forget();
  for (int i = 0; i < 4; ++i) {
    pass(seconds(20));
    offer(kOne, {service("web", seconds(30))});
  }
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(posted(), IsEmpty());
  EXPECT_THAT(found(""), ElementsAre("n1: web 30000"));
}

TEST_F(ServicesTest, AnotherBodyIsNewsForTheNodesAndNoneForTheCore) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30))});
  forget();
  wire::Service changed = service("web", seconds(30));
  changed.set_body("port 81");
  offer(kOne, {changed});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 30000"));
  EXPECT_THAT(posted(), IsEmpty());
}

TEST_F(ServicesTest, AnEntryThatIsNotSaidAgainGoesWithItsTime) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30)), service("db", seconds(10))});
  forget();
  pass(Millis{9'999});
  EXPECT_THAT(heard(), IsEmpty());
  pass(Millis{2});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 19999"));
  EXPECT_THAT(posted(), ElementsAre("1 offers web"));
  pass(seconds(20));
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: "));
  EXPECT_THAT(posted(), ElementsAre("1 offers "));
  EXPECT_THAT(found(""), IsEmpty());
  EXPECT_FALSE(is_watched());
}

TEST_F(ServicesTest, EntriesOfManyNodesGoEachAtItsTime) {
  join(kOne);
  join(kTwo);
  join(kThree);
  offer(kOne, {service("web", seconds(30))});
  offer(kTwo, {service("web", seconds(10))});
  offer(kThree, {service("web", seconds(20))});
  forget();
  pass(Millis{10'001});
  EXPECT_THAT(posted(), ElementsAre("2 offers "));
  offer(kThree, {service("web", seconds(60))});
  pass(seconds(20));
  EXPECT_THAT(posted(), ElementsAre("1 offers "));
  EXPECT_THAT(found("web"), ElementsAre("n3: web 40000"));
}

TEST_F(ServicesTest, WhatIsWithdrawnIsGoneAtOnce) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30)), service("db", seconds(10))});
  forget();
  offer(kOne, {service("db", seconds(10))});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: db 10000"));
  EXPECT_THAT(posted(), ElementsAre("1 offers db"));
  offer(kOne, {});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: "));
  EXPECT_THAT(posted(), ElementsAre("1 offers "));
  EXPECT_FALSE(is_watched());
}

// The core takes them away by itself.
TEST_F(ServicesTest, WhatALostNodeOffersGoesAndTheOtherNodesHearOfIt) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30))});
  forget();
  leave(kOne);
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: "));
  EXPECT_THAT(posted(), IsEmpty());
  EXPECT_THAT(found(""), IsEmpty());
  EXPECT_FALSE(is_watched());
  offer(kOne, {service("web", seconds(30))});
  EXPECT_THAT(found(""), IsEmpty()) << "it has not joined again";
  join(kOne);
  offer(kOne, {service("web", seconds(30))});
  EXPECT_THAT(posted(), ElementsAre("1 offers web"));
}

TEST_F(ServicesTest, WhoJoinsHearsWhatIsLeftOfTheOthersEntries) {
  join(kOne);
  offer(kOne, {service("web", seconds(30))});
  pass(seconds(10));
  join(kTwo);
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 20000"));
}

TEST_F(ServicesTest, WhoJoinsHearsNothingOfNodesThatNeverOfferedAnything) {
  join(kOne);
  offer(kOne, {});
  join(kTwo);
  EXPECT_THAT(heard(), IsEmpty());
}

// It may still have the entry from before.
TEST_F(ServicesTest, WhoJoinsAgainHearsWhatWasWithdrawnMeanwhile) {
  join(kOne);
  join(kTwo);
  offer(kOne, {service("web", seconds(30))});
  leave(kTwo);
  offer(kOne, {});
  forget();
  join(kTwo);
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: "));
}

TEST_F(ServicesTest, NeighboursAreThoseThatShareAnElement) {
  policy_.elements.resize(2);
  policy_.elements[0].name = "left";
  policy_.elements[0].nodes = {"n1", "n2"};
  policy_.elements[1].name = "right";
  policy_.elements[1].nodes = {"n3"};
  join(kOne);
  join(kTwo);
  join(kThree);
  offer(kOne, {service("web", seconds(30))});
  offer(kThree, {service("db", seconds(30))});
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 30000"));
  EXPECT_THAT(posted(), ElementsAre("1 offers web", "3 offers db")) << "the core hears of all";
  leave(kTwo);
  join(kTwo);
  EXPECT_THAT(heard(), ElementsAre("2 hears n1: web 30000"));
}

TEST_F(ServicesTest, WhatCannotBeAnEntryIsNotTaken) {
  join(kOne);
  offer(kOne, {service("no name", seconds(30)), service("over", Millis{0}),
               service("good", seconds(30)), service("long", seconds(1'000'000))});
  EXPECT_THAT(found(""), ElementsAre("n1: good 30000, long 86400000"));
  offer(kOne, std::vector<wire::Service>(1'001, service("many", seconds(30))));
  EXPECT_EQ(count("many"), 1'000);
}

}  // namespace
}  // namespace jobq::controller
