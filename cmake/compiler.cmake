# SPDX-License-Identifier: Apache-2.0
#
# Flags of the compiler: warnings for our own code, sanitizers, reproducible paths, ccache.

# Every target that is our own links this privately; generated code does not.
add_library(jobq_warnings INTERFACE)
target_compile_options(jobq_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wduplicated-cond -Wlogical-op
  -Wimplicit-fallthrough -Werror)
# Two warnings guess from what the optimiser sees. At -O2 g++ 12 guesses wrong about the library's
# own variant, string and deque; in the debug build, which every change passes, they stand.
target_compile_options(jobq_warnings INTERFACE
  $<$<CONFIG:Release>:-Wno-null-dereference> $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)

set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
add_compile_options($<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)

# At a fixed address there is nothing to relocate: the whole executable, which has 24,000 places for
# it, starts in 0.5 ms instead of 0.8, and 0.4 MiB of every process are shared. What is lost is that
# an attacker does not know where the program's own code is; libraries, heap and stacks move still.
option(JOBQ_PIE "Position-independent executables" OFF)
if(JOBQ_PIE)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

if(JOBQ_SANITIZE)
  add_compile_options(-fsanitize=${JOBQ_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${JOBQ_SANITIZE})
else()
  # The sanitizers' runtimes need the shared libstdc++; everything else starts faster without it.
  # -static would halve the start once more, but then user names do not resolve where they come from
  # LDAP or SSSD.
  add_link_options(-static-libstdc++ -static-libgcc)
  if(JOBQ_PIE)
    add_link_options(-Wl,-z,pack-relative-relocs)
  else()
    add_link_options(-no-pie)
  endif()
endif()

# __FILE__ and source_location name files from the repository root. Both spellings are mapped,
# because ccache hands the compiler paths relative to the build directory.
file(RELATIVE_PATH jobq_root_from_build ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
add_compile_options(
  -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=
  -fmacro-prefix-map=${jobq_root_from_build}=)

# Build directories of equal depth share what one of them has compiled.
find_program(JOBQ_CCACHE ccache)
if(JOBQ_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${JOBQ_CCACHE})
endif()
