// SPDX-License-Identifier: Apache-2.0
// A disk in memory that knows what is only written and what is synced.
//
// Whatever is written can be read at once. When the power fails, any part of what was written since
// a file's last sync may be missing: each 512-byte piece of each write by itself, since a disk
// writes sectors in the order that it likes; bytes outside of a write are never harmed (SQLite's
// "powersafe overwrite", which it takes for granted on this kind of file system). New and removed
// names are durable once the directory is synced, and lost from the youngest on.
//
// A sync that fails leaves it open what of the writes before it ever becomes durable: some pages
// count as clean and are not (as Linux has it), and a later sync does not bring them back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chance.h"

namespace jobq::sim {

enum class DiskAnswer : std::uint8_t { kDone, kFull, kFailed };

class Disk {
 public:
  explicit Disk(std::uint64_t seed) : chance_(seed) {}
  // What the other holds, without its faults.
  Disk(const Disk& other, std::uint64_t seed);
  Disk(const Disk& other) : Disk(other, 0) {}
  Disk& operator=(const Disk&) = delete;

  // --- as the operating system sees it
  class File;
  using Handle = std::shared_ptr<File>;
  Handle open(const std::string& name, bool create);  // null: it is not there, or cannot be made
  DiskAnswer remove(const std::string& name, bool sync_directory);
  bool exists(const std::string& name) const;  // and is not empty
  // How many bytes were there to read.
  std::size_t read(const File& file, std::size_t at, char* to, std::size_t size) const;
  DiskAnswer write(File& file, std::size_t at, std::string_view bytes);
  DiskAnswer truncate(File& file, std::size_t size);
  DiskAnswer sync(File& file, bool directory_too);
  static std::size_t size_of(const File& file);
  // Memory that processes share by way of the file; gone with them.
  static char* shared_memory(File& file, std::size_t region, std::size_t size, bool create);
  static void forget_shared_memory(File& file);

  // --- faults
  void set_full(bool full) { full_ = full; }                     // files cannot grow
  void set_failing(bool failing) { failing_ = failing; }         // nothing can be written
  void fail_after(std::size_t calls) { fails_in_ = calls + 1; }  // the next but so many fails, once
  // The process that uses the disk is killed in the middle of the call after so many: that one is
  // done in part, and later ones not at all, until restart().
  void die_after(std::size_t calls) { dies_in_ = calls + 1; }
  void die_now() { dead_ = true; }
  bool is_dead() const { return dead_; }
  // Its processes are gone.
  void restart();
  void lose_power();
  void heal();

  struct Counters {
    std::uint64_t writes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t refused = 0;  // by a full or failing disk
    std::uint64_t lost = 0;     // unsynced writes of which nothing survived a loss of power
    std::uint64_t torn = 0;     // of which a part survived
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Renaming {  // a change of the directory that is not synced
    std::string name;
    Handle before;
  };
  bool is_alive();
  bool fails_now();
  void set_name(const std::string& name, Handle file);

  Chance chance_;
  std::map<std::string, Handle> names_;
  std::vector<Renaming> unsynced_names_;
  bool full_ = false;
  bool failing_ = false;
  bool dead_ = false;
  std::size_t fails_in_ = 0;  // calls; 0: none does
  std::size_t dies_in_ = 0;
  Counters counters_;
};

}  // namespace jobq::sim
