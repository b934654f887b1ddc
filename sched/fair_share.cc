// SPDX-License-Identifier: Apache-2.0
// Use, its decay, and the factors that follow.
#include "sched/fair_share.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sched/rank.h"

namespace jobq::sched {
namespace {

constexpr int kPeriods = 2048;  // of a half-life

// 2^32 * 2^(-2^k / 2048), rounded.
constexpr std::array<std::uint64_t, 11> kRoots = {4293513907, 4292061010, 4289156690, 4283353945,
                                                  4271771996, 4248701965, 4202935003, 4112874773,
                                                  3938502376, 3611622603, 3037000500};

// A product with a fraction of 2^32, without an overflow for anything below 2^63.
std::uint64_t scaled(std::uint64_t amount, std::uint64_t fraction) {
  return (amount >> 32U) * fraction + (((amount & 0xffff'ffffU) * fraction) >> 32U);
}

}  // namespace

std::uint64_t exp2_of_minus(std::uint64_t x) {
  const std::uint64_t halvings = x / kPeriods;
  if (halvings > 32) return 0;
  std::uint64_t value = std::uint64_t{1} << 32U;
  for (std::size_t bit = 0; bit < kRoots.size(); ++bit) {
    if ((x >> bit) & 1U) value = scaled(value, kRoots[bit]);
  }
  return value >> halvings;
}

FairShare::FairShare(const Policy& policy)
    : points_(policy.priority.fair_share),
      period_{std::max(policy.priority.half_life.count / kPeriods, std::int64_t{1})} {
  if (!is_on()) return;
  for (const AccountPolicy& account : policy.accounts) {
    for (const std::string& user : account.users) account_by_user_[user] = accounts_.size();
    accounts_.push_back({account.name, account.shares, 0, 0});
  }
  accounts_.push_back({"", 1, 0, 0});
  for (const auto& [user, account] : account_by_user_) line(user);
}

std::size_t FairShare::account_of(const std::string& user) const {
  const auto known = account_by_user_.find(user);
  return known == account_by_user_.end() ? accounts_.size() - 1 : known->second;
}

FairShare::LineId FairShare::find(const std::string& user) const {
  const auto known = by_user_.find(user);
  return known == by_user_.end() ? LineId{} : known->second;
}

FairShare::LineId FairShare::line(const std::string& user) {
  if (!is_on()) return {};
  const auto [place, is_new] =
      by_user_.try_emplace(user, LineId{static_cast<std::uint32_t>(lines_.size() + 1)});
  if (is_new) {
    Line& made = lines_.emplace_back();
    made.user = user;
    made.account = account_of(user);
    ++accounts_[made.account].users;
    is_stale_ = true;
  }
  return place->second;
}

void FairShare::restore(const UsageRow& row) {
  if (!is_on()) return;
  Line& known = lines_[line(row.user).value - 1];
  known.used = row.used;
  known.counted = row.as_of;
  known.written = row.as_of;
}

// What was used before the periods that have gone by since counts for less.
void FairShare::count(Line& line, Time now) {
  const std::int64_t periods = period_of(now) - period_of(line.counted);
  if (periods > 0)
    line.used = scaled(line.used, exp2_of_minus(static_cast<std::uint64_t>(periods)));
  const std::int64_t span = std::max<std::int64_t>((now - line.counted).count, 0);
  line.used += static_cast<std::uint64_t>(line.held * span);
  line.counted = now;
}

void FairShare::hold(LineId id, std::int64_t cpus, Time now) {
  if (!id || cpus == 0) return;
  Line& line = lines_[id.value - 1];
  count(line, now);
  line.held += cpus;
  held_ += cpus;
  if (cpus < 0) changed_.insert(line.user);  // what was used till now is not held any more
}

void FairShare::hold_again(LineId id, std::int64_t cpus, Time since, Time now) {
  if (!id || cpus == 0) return;
  hold(id, cpus, now);
  Line& line = lines_[id.value - 1];
  const std::int64_t span = (now - std::max(since, line.written)).count;
  if (span > 0) line.used += static_cast<std::uint64_t>(cpus * span);
}

// The clock may have been set back since.
std::optional<Time> FairShare::due(Time now) const {
  if (held_ == 0) return std::nullopt;
  return Time{(std::min(updated_, period_of(now)) + 1) * period_.count};
}

bool FairShare::is_due(Time now) const {
  return is_on() && (is_stale_ || (held_ != 0 && period_of(now) != updated_));
}

std::vector<FairShare::LineId> FairShare::update(Time now) {
  is_stale_ = false;
  updated_ = period_of(now);
  for (Account& account : accounts_) account.used = 0;
  all_used_ = 0;
  for (Line& line : lines_) {
    if (line.held != 0) changed_.insert(line.user);
    count(line, now);
    accounts_[line.account].used += line.used;
    all_used_ += line.used;
  }
  const std::uint64_t shares = all_shares();
  std::vector<LineId> moved;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::int64_t before = lines_[i].offset;
    weigh(lines_[i], accounts_[lines_[i].account], shares);
    if (lines_[i].offset != before) moved.emplace_back(static_cast<std::uint32_t>(i + 1));
  }
  return moved;
}

std::uint64_t FairShare::all_shares() const {
  std::uint64_t sum = 0;
  for (const Account& account : accounts_) sum += account.users == 0 ? 0 : account.shares;
  return sum;
}

void FairShare::weigh(Line& line, const Account& account, std::uint64_t all_shares) const {
  const std::uint64_t own = line.used + (account.used - line.used) / account.users;
  // Parts of the whole in 65,536ths, from numbers small enough to be multiplied.
  unsigned shift = 0;
  while ((all_used_ >> shift) > 0xffff'ffffU) ++shift;
  const std::uint64_t part = all_used_ == 0 ? 0 : ((own >> shift) << 16U) / (all_used_ >> shift);
  const std::uint64_t in_shares = part * all_shares * account.users / account.shares;
  const std::uint64_t factor = exp2_of_minus(in_shares >> 5U);
  line.offset = points_ * (kPoint * static_cast<std::int64_t>(factor >> 16U) / 65536);
  line.part = static_cast<double>(part) / 65536;
  line.share =
      static_cast<double>(account.shares) / static_cast<double>(all_shares * account.users);
}

std::int64_t FairShare::offset_of_newcomer(const std::string& user) const {
  if (!is_on()) return 0;
  const std::size_t place = account_of(user);
  Account account = accounts_[place];
  const std::uint64_t more = account.users == 0 ? account.shares : 0;
  ++account.users;
  Line line;
  weigh(line, account, all_shares() + more);
  return line.offset;
}

std::int64_t FairShare::offset(LineId line) const {
  return line ? lines_[line.value - 1].offset : 0;
}

std::vector<std::string> FairShare::take_changed() {
  const std::set<std::string> changed = std::exchange(changed_, {});
  return {changed.begin(), changed.end()};
}

UsageRow FairShare::row(const std::string& user) const {
  const Line& line = lines_[by_user_.at(user).value - 1];
  return {line.user, line.used, line.counted};
}

std::vector<UsageRow> FairShare::rows() const {
  std::vector<UsageRow> rows;
  for (const auto& [user, line] : by_user_) rows.push_back(row(user));
  return rows;
}

std::optional<PriorityTerm> FairShare::term(const std::string& user) const {
  const LineId id = find(user);
  if (!id) return std::nullopt;
  const Line& line = lines_[id.value - 1];
  const std::string& account = accounts_[line.account].name;
  return PriorityTerm{
      "fair_share", static_cast<double>(line.offset) / static_cast<double>(kPoint),
      fmt::format("at most {} points; {}{} used {:.0f} % of late, for a share of {:.0f} %", points_,
                  line.user, account.empty() ? "" : " of account " + account, line.part * 100,
                  line.share * 100)};
}

}  // namespace jobq::sched
