# SPDX-License-Identifier: Apache-2.0
#
# Each bench/*.cc is an executable of its own on Google Benchmark.

find_package(benchmark REQUIRED)
file(GLOB sources CONFIGURE_DEPENDS bench/*.cc)
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  jobq_program(bench_${name} ${source} jobq_cmd benchmark::benchmark)
endforeach()
