# SPDX-License-Identifier: Apache-2.0
#
# Each bench/*.cc is an executable of its own; those named micro_*.cc are on Google Benchmark. The
# target `benchmarks` is all of them.

find_package(benchmark REQUIRED)
file(GLOB sources CONFIGURE_DEPENDS bench/*.cc)
add_custom_target(benchmarks)
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  jobq_program(bench_${name} ${source} jobq_cmd)
  add_dependencies(benchmarks bench_${name})
  if(name MATCHES "^micro_")
    target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
  endif()
endforeach()
