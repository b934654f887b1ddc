# SPDX-License-Identifier: Apache-2.0
#
# tests/<folder>/*.cc -> test_<folder>; tests/tidy_test.cc and tests/tidy/ -> test_tidy; each
# tests/cli/t*.sh and tests/issues/t*.sh is a test of its own that drives the real binary. A script
# that cannot do its work here ends with 77, and is listed as skipped. tests/fault/ is a program.

find_package(GTest REQUIRED)
include(GoogleTest)

set(JOBQ_TEST_ENVIRONMENT
  "ASAN_OPTIONS=halt_on_error=1:exitcode=99:detect_leaks=1:strict_string_checks=1"
  "UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1"
  "TSAN_OPTIONS=halt_on_error=1:exitcode=99:second_deadlock_stack=1")

# Black-box tests find the binary here, and wait longer for a slow build.
set(JOBQ_SCRIPT_ENVIRONMENT ${JOBQ_TEST_ENVIRONMENT} "JOBQ_BIN=${CMAKE_BINARY_DIR}/bin")
if(JOBQ_SANITIZE)
  list(APPEND JOBQ_SCRIPT_ENVIRONMENT "JOBQ_PATIENCE=5")
endif()

# jobq_test(<name> <libraries> <sources...>)
function(jobq_test name libraries)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE JOBQ_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${libraries} GTest::gmock GTest::gtest_main jobq_warnings)
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    TEST_PREFIX ${name}.
    PROPERTIES TIMEOUT 120 LABELS unit ENVIRONMENT "${JOBQ_TEST_ENVIRONMENT}")
endfunction()

# jobq_scripts(<label> <timeout in seconds> <scripts...>)
function(jobq_scripts label timeout)
  foreach(script ${ARGN})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME ${label}.${name} COMMAND bash ${script})
    set_tests_properties(${label}.${name} PROPERTIES
      TIMEOUT ${timeout}
      SKIP_RETURN_CODE 77
      LABELS ${label}
      ENVIRONMENT "${JOBQ_SCRIPT_ENVIRONMENT}")
  endforeach()
endfunction()

# The parts of the fault test.
file(GLOB sources CONFIGURE_DEPENDS tests/fault/*.cc)
list(FILTER sources EXCLUDE REGEX "(main|_test)\\.cc$")
add_library(fault_parts STATIC ${sources})
target_include_directories(fault_parts PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(fault_parts PUBLIC jobq_base PRIVATE jobq_warnings)

# A folder of tests that mirrors a folder of sources links that folder; any other (issues, ...)
# links them all.
file(GLOB entries CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/tests tests/*)
foreach(entry ${entries})
  file(GLOB sources CONFIGURE_DEPENDS tests/${entry}/*.cc)
  if(entry STREQUAL "tidy" OR NOT sources)
    continue()
  endif()
  if(TARGET jobq_${entry})
    set(libraries jobq_${entry})
  elseif(entry STREQUAL "fault")
    set(libraries fault_parts)
    list(FILTER sources INCLUDE REGEX "_test\\.cc$")
  else()
    set(libraries jobq_cmd)
  endif()
  jobq_test(test_${entry} "${libraries}" ${sources})
endforeach()
target_sources(test_controller PRIVATE tests/store/wrapped_vfs.cc)
target_link_libraries(test_conf PRIVATE jobq_dep_date)

if(EXISTS ${CMAKE_SOURCE_DIR}/tests/tidy_test.cc)
  file(GLOB sources CONFIGURE_DEPENDS tests/tidy/*.cc)
  jobq_test(test_tidy "" tests/tidy_test.cc ${sources})
endif()

# The fault simulator, and the thousand seeds of it that every check runs, side by side.
jobq_program(fault_simulator tests/fault_simulator.cc jobq_sim)
foreach(last 250 500 750 1000)
  math(EXPR first "${last} - 249")
  add_test(NAME seeds.${first}-${last} COMMAND fault_simulator --seeds ${first}-${last})
  set_tests_properties(seeds.${first}-${last} PROPERTIES
    TIMEOUT 600 LABELS seeds ENVIRONMENT "${JOBQ_TEST_ENVIRONMENT}")
endforeach()

# The same with planted bugs (base/plant.h), each of which a thousand seeds must find. Files with
# plants are compiled once more; what the linker has from them it does not take from the libraries.
set(JOBQ_PLANTED controller/turn.cc sched/completion.cc sched/nodes.cc sched/recovery.cc
  store/journal_file.cc store/schema.cc)
jobq_program(fault_simulator_planted tests/fault_simulator.cc jobq_sim)
target_sources(fault_simulator_planted PRIVATE ${JOBQ_PLANTED})
target_compile_definitions(fault_simulator_planted PRIVATE JOBQ_PLANTS)
foreach(plant act_before_commit commits_not_synced end_not_recorded failed_commit_taken_as_good
    grant_of_lost_attempt_kept hold_lost_by_recovery key_lost_by_recovery
    launch_again_after_reboot nominal_time_fired_again silent_node_counts_as_dead)
  add_test(NAME plants.${plant}
    COMMAND fault_simulator_planted --plant ${plant} --seeds 1-1000)
  set_tests_properties(plants.${plant} PROPERTIES
    TIMEOUT 600 LABELS plants ENVIRONMENT "${JOBQ_TEST_ENVIRONMENT}")
endforeach()
add_test(NAME plants.are_in_the_planted_program
  COMMAND grep -q act_before_commit $<TARGET_FILE:fault_simulator_planted>)
if(TARGET jobq)
  add_test(NAME plants.are_not_in_the_product COMMAND grep -q act_before_commit $<TARGET_FILE:jobq>)
  set_tests_properties(plants.are_not_in_the_product PROPERTIES WILL_FAIL TRUE)
endif()

if(TARGET jobq)
  file(GLOB scripts CONFIGURE_DEPENDS tests/cli/t*.sh)
  jobq_scripts(cli 120 ${scripts})
  file(GLOB scripts CONFIGURE_DEPENDS tests/issues/t*.sh)
  jobq_scripts(issues 120 ${scripts})

  # The fault test, with real processes, and what its jobs run. Kills, not seconds: on a slow
  # machine it takes longer and finds as much. On the best network that can be had here and, for
  # machines that have no better one, behind proxies.
  jobq_program(fault_step tests/fault/step_main.cc fault_parts)
  jobq_program(fault_test tests/fault/main.cc fault_parts)
  jobq_program(fault_partition tests/fault/partition_main.cc fault_parts)
  add_dependencies(fault_test fault_step jobq)
  add_dependencies(fault_partition fault_step jobq)
  add_test(NAME fault.kills COMMAND fault_test --seed 1 --kills 40)
  add_test(NAME fault.kills_proxies COMMAND fault_test --seed 2 --kills 20 --network proxies)
  add_test(NAME fault.partition COMMAND fault_partition)
  add_test(NAME fault.partition_proxies COMMAND fault_partition --network proxies)
  set_tests_properties(
    fault.kills fault.kills_proxies fault.partition fault.partition_proxies PROPERTIES
    TIMEOUT 600 LABELS fault ENVIRONMENT "${JOBQ_TEST_ENVIRONMENT}")
endif()
