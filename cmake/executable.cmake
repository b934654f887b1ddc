# SPDX-License-Identifier: Apache-2.0
#
# The executable, under both of its names in a folder of its own, and its installation.

include(GNUInstallDirs)

jobq_program(jobq cmd/main.cc jobq_cmd)
if(NOT JOBQ_SANITIZE)
  # The keeper has to be small, and nine parts of ten of what it has resident are pages of this
  # file, 16 around every place that it touches: what it runs lies together, at the beginning.
  target_link_options(jobq PRIVATE -Wl,--gc-sections -Wl,--whole-archive
    $<TARGET_FILE:jobq_exec> $<TARGET_FILE:jobq_exec_proto> $<TARGET_FILE:jobq_base>
    -Wl,--no-whole-archive)
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
file(CREATE_LINK ../jobq ${CMAKE_BINARY_DIR}/bin/jobq SYMBOLIC)
file(CREATE_LINK jobq ${CMAKE_BINARY_DIR}/bin/jq SYMBOLIC)

install(TARGETS jobq)
install(FILES ${CMAKE_BINARY_DIR}/bin/jq DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(section 1 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
