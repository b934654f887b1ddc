// SPDX-License-Identifier: Apache-2.0
// What it costs to keep what a stream has written: nothing, up to 16 KiB in a pack, one byte more
// in a file of its own.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "exec/output_slots.h"

namespace jobq::exec {
namespace {

// A stream of so many bytes from the slot that it borrows to where it is kept. The writing itself
// is not measured.
void kept_output(benchmark::State& state) {
  const std::string directory =
      (std::filesystem::temp_directory_path() / ("jobq-bench-" + std::to_string(getpid())))
          .string();
  auto slots = OutputSlots::open(directory).value();
  const std::string written(static_cast<std::size_t>(state.range(0)), 'x');
  std::uint64_t job = 0;
  for (auto _ : state) {
    Slot slot = std::move(slots.take(geteuid(), getegid()).value());
    state.PauseTiming();
    if (!write_all(slot.file.get(), written)) state.SkipWithError("the disk is full");
    state.ResumeTiming();
    slots.keep_written(slot, {JobNumber(++job), StepId(0), Attempt(1)}, Which::kOutput);
    slots.give_back(std::move(slot));
  }
  std::filesystem::remove_all(directory);
}

BENCHMARK(kept_output)->Arg(0)->Arg(6)->Arg(4096)->Arg(kMostPacked)->Arg(kMostPacked + 1);

}  // namespace
}  // namespace jobq::exec

BENCHMARK_MAIN();
