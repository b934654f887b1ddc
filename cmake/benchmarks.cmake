# SPDX-License-Identifier: Apache-2.0
#
# Each bench/*.cc is an executable of its own; those named micro_*.cc are on Google Benchmark.

find_package(benchmark REQUIRED)
file(GLOB sources CONFIGURE_DEPENDS bench/*.cc)
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  jobq_program(bench_${name} ${source} jobq_cmd)
  if(name MATCHES "^micro_")
    target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
  endif()
endforeach()
