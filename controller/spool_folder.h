// SPDX-License-Identifier: Apache-2.0
// The spool directory and the three in it that belong to the controller:
//
//   SPOOL/NAME          moved in by users
//   SPOOL/taken/CLAIM   taken, and not yet answered: it is nobody's to change any more
//   SPOOL/accepted/17-NAME
//   SPOOL/rejected/NAME beside NAME.why
//
// A claim is the name TIME-KEY-NAME, with the request key under which the file is submitted; it is
// on disk before the file is. So whatever dies in between, the file is found again with its key,
// and the controller answers with the number that it gave before. Keys are forgotten after a while:
// a claim that is older is in doubt, and rejected, not submitted a second time.
//
// All calls may wait for the disk. One thread uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/socket.h"

namespace jobq::controller {

struct SpoolClaim {
  Time at;
  std::string key;   // of the request
  std::string name;  // as its owner called it
  bool operator==(const SpoolClaim&) const = default;
};
std::string to_string(const SpoolClaim& claim);
std::optional<SpoolClaim> parse_spool_claim(std::string_view text);

class SpoolFolder {
 public:
  // Makes what is missing: 1733 for root (everybody may put in, nobody may list or take out), else
  // 0700. kUsage for a directory that others could tamper with.
  static Result<SpoolFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  int top() const { return top_.get(); }
  int taken() const { return taken_.get(); }

  std::vector<std::string> names() const;  // in the spool itself, sorted; none of its three
  std::vector<SpoolClaim> claims() const;  // oldest first

  Result<SpoolClaim> claim(const std::string& name);
  void sync_claims();                          // to disk, before they are submitted
  Result<SpoolClaim> renew(SpoolClaim claim);  // as if it were taken now

  // `label` is put before its name.
  Result<void> accept(const SpoolClaim& claim, const std::string& label);
  Result<void> reject(const SpoolClaim& claim, const std::string& why);
  Result<void> reject_unclaimed(const std::string& name, const std::string& why);
  // The words about a file of which some went well, beside none.
  Result<void> explain(const std::string& name, const std::string& why);

  // Removes what has been in accepted/ and rejected/ for longer.
  void prune(Time before);

 private:
  explicit SpoolFolder(std::string path) : path_(std::move(path)) {}
  Result<void> open_top();
  Result<net::Descriptor> open_own(const char* name, ::mode_t mode);
  Result<void> reject_from(int directory, const std::string& entry, const std::string& name,
                           const std::string& why);

  Result<void> put_words(const std::string& name, const std::string& words);

  std::string path_;
  net::Descriptor top_;
  net::Descriptor taken_;
  net::Descriptor accepted_;
  net::Descriptor rejected_;
};

}  // namespace jobq::controller
