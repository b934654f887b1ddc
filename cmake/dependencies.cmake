# SPDX-License-Identifier: Apache-2.0
#
# The libraries that the product links, one target each. A static archive is taken where the
# distribution packages one, so that a command starts without loading shared objects.

find_package(Threads REQUIRED)

# jobq_archive(<target> <archive> <shared name> [libraries that the archive itself needs...])
function(jobq_archive target archive shared)
  find_library(${target}_FILE NAMES ${archive} ${shared} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${${target}_FILE} ${ARGN})
endfunction()

jobq_archive(jobq_dep_crypto libcrypto.a crypto Threads::Threads ${CMAKE_DL_LIBS})
jobq_archive(jobq_dep_ssl libssl.a ssl jobq_dep_crypto)
jobq_archive(jobq_dep_sqlite libsqlite3.a sqlite3 Threads::Threads ${CMAKE_DL_LIBS} m)
jobq_archive(jobq_dep_uv libuv_a.a uv Threads::Threads ${CMAKE_DL_LIBS} rt)
jobq_archive(jobq_dep_zlib libz.a z)
jobq_archive(jobq_dep_protobuf libprotobuf-lite.a protobuf-lite Threads::Threads)

# For tests alone: the product reads the time-zone database itself, see conf/zone_file.h.
jobq_archive(jobq_dep_date libdate-tz.a date-tz)
target_compile_definitions(jobq_dep_date INTERFACE USE_OS_TZDB=1)

find_program(JOBQ_PROTOC protoc REQUIRED)

# Header-only libraries are found on the compiler's path. Asking for them here gives a clear error
# at configure time instead of a missing header in the middle of the build.
foreach(header fmt/format-inl.h tl/expected.hpp toml++/toml.h nlohmann/json.hpp CLI/CLI.hpp)
  string(MAKE_C_IDENTIFIER "JOBQ_HEADER_${header}" variable)
  find_path(${variable} NAMES ${header} REQUIRED)
endforeach()

add_library(jobq_dep_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt_static.cc)
