// SPDX-License-Identifier: Apache-2.0
// Staging: files of who submits are carried to a storage area before the ticket is sent, so that
// the job finds them there when it runs.
//
// Each ticket has a directory of its own in the area, USER-KEY with a random key, which only the
// user may look into; each of its places has one in that, named by its number. The directory stands
// directly in the area: where that is sticky, as /tmp is, nobody can have made it before or put
// another one in its place. It is removed when the ticket is refused; when the job has ended it is
// not: that is the area's own matter (docs/files.md).
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/file_road.h"

namespace jobq::cmd {

inline constexpr const char* kUsualStage = "stage";  // the area's name where none is given

// A place of client: on its way.
struct StagedPlace {
  std::string source;  // as a copy here takes it: "./proposals/*.dat"
  std::string into;    // "area:stage/ann-KEY/1/"
  std::string from;    // what stands in the ticket then: "area:stage/ann-KEY/1/*.dat"
  bool operator==(const StagedPlace&) const = default;
};
// `place` is "client:PATH" of a ticket, `directory` "area:stage/ann-KEY". What lies there means in
// a copy what `place` meant. kRefused: it has ${values}, which are not known yet.
Result<StagedPlace> staged_place(const std::string& place, const std::string& directory,
                                 std::size_t number);

class Staging {
 public:
  explicit Staging(RoadOptions road) : road_(std::move(road)) {}

  // Whether there is such a storage area.
  Result<bool> knows(const std::string& area) const;
  // A directory for one ticket, which is made: "area:stage/ann-KEY". `trial`: it is not made.
  Result<std::string> open(const std::string& area, bool trial) const;
  Result<void> carry(const StagedPlace& place, bool recursive) const;
  // Instead of carrying: is there anything?
  Result<void> look_for(const StagedPlace& place) const;
  Result<void> remove(const std::string& directory) const;

 private:
  Result<void> order(const std::string& directory, wire::FileOrder::What what) const;

  RoadOptions road_;
};

}  // namespace jobq::cmd
