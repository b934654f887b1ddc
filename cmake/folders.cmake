# SPDX-License-Identifier: Apache-2.0
#
# How a folder becomes a library, a .proto becomes a library, and a folder of tests becomes an
# executable.

# jobq_protocol(<folder>): every .proto of the folder, as the library jobq_<folder>_proto. The
# generated headers are system headers: they are not ours to keep free of warnings.
function(jobq_protocol folder)
  file(GLOB protos CONFIGURE_DEPENDS ${folder}/*.proto)
  set(target jobq_${folder}_proto)
  if(NOT protos)
    add_library(${target} INTERFACE)
    return()
  endif()
  set(generated ${CMAKE_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated})
  set(sources)
  foreach(proto ${protos})
    get_filename_component(stem ${proto} NAME_WE)
    set(outputs ${generated}/${folder}/${stem}.pb.cc ${generated}/${folder}/${stem}.pb.h)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${JOBQ_PROTOC} --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=lite:${generated} ${proto}
      DEPENDS ${proto}
      COMMENT "protoc ${folder}/${stem}.proto"
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${generated})
  target_link_libraries(${target} PUBLIC jobq_dep_protobuf)
endfunction()

# jobq_folder(<folder> [libraries...]): the library jobq_<folder>, or an empty one while there are
# no sources.
function(jobq_folder folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/main.cc)
  set(target jobq_${folder})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} PUBLIC ${ARGN} PRIVATE jobq_warnings)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} INTERFACE ${ARGN})
  endif()
endfunction()

# jobq_program(<name> <source> [libraries...]): an executable of our own code.
function(jobq_program name source)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARGN} jobq_warnings)
endfunction()
