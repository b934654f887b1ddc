# SPDX-License-Identifier: Apache-2.0
#
# The executable, under both of its names in a folder of its own, and its installation.

include(GNUInstallDirs)

jobq_program(jobq cmd/main.cc jobq_cmd)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
file(CREATE_LINK ../jobq ${CMAKE_BINARY_DIR}/bin/jobq SYMBOLIC)
file(CREATE_LINK jobq ${CMAKE_BINARY_DIR}/bin/jq SYMBOLIC)

install(TARGETS jobq)
install(FILES ${CMAKE_BINARY_DIR}/bin/jq DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(section 1 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
