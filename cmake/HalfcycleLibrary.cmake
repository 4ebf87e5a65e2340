# SPDX-License-Identifier: Apache-2.0
# hc_library(NAME [FAST] [FOLDER protocols/NAME] [DEPS lib…] [PRIVATE lib…])
#
# FAST: works on every sample or cycle, so that -O3 pays for the longer compilation.
#
# Declares the library src/NAME (or src/FOLDER) with everything found beside its CMakeLists.txt:
#   *.cpp         the library           *_test.cpp   one test program NAME_test (GoogleTest)
#   *_avx2.cpp    compiled for AVX2     *_bench.cpp  one benchmark program NAME_bench
#   *_fuzz.cpp    one fuzz program each (HC_FUZZ), with its seeds in fuzz_corpus/<name>/
#
# Targets over all libraries: hc_tests, hc_fuzzers. With HC_TEST_ONLY="graph;meter" only those
# libraries' tests exist. Tests of a sanitizer build are named asan.NAME, tsan.NAME.
#
# Headers that most files include are compiled once (HC_PRECOMPILED): one set for the libraries, one
# with GoogleTest for the tests. The fuzz build does without, so that a missing
# #include does not stay hidden.
#
# Each target sees headers through a view that holds its own folder only, so that
# #include "metrology/flicker.hpp" resolves only where the dependency is declared.

set(HC_LIBRARY_ORDER base clock formats wire source signal metrology quality graph modules io
    recorder access meter fleet protocols web panel report app)
set(HC_TEST_ONLY "" CACHE STRING "Libraries whose tests are built; empty: all")
add_custom_target(hc_tests)
add_custom_target(hc_fuzzers)
set(HC_TEST_PREFIX "")
if(HC_SANITIZE MATCHES "address")
  set(HC_TEST_PREFIX "asan.")
elseif(HC_SANITIZE MATCHES "thread")
  set(HC_TEST_PREFIX "tsan.")
endif()
set(HC_VIEW_DIR ${CMAKE_BINARY_DIR}/views CACHE PATH "Include views, one folder a library")

function(hc_view name folder out)
  get_filename_component(parent ${HC_VIEW_DIR}/${name}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(NOT EXISTS ${HC_VIEW_DIR}/${name}/${folder})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${folder} ${HC_VIEW_DIR}/${name}/${folder} SYMBOLIC)
  endif()
  set(${out} ${HC_VIEW_DIR}/${name} PARENT_SCOPE)
endfunction()

# A protocol's place is that of `protocols`: none of them knows another.
function(hc_check_direction name place)
  list(FIND HC_LIBRARY_ORDER ${place} own)
  foreach(dep ${ARGN})
    if(dep MATCHES "^hc::(.*)$")
      list(FIND HC_LIBRARY_ORDER ${CMAKE_MATCH_1} other)
      if(other GREATER_EQUAL own)
        message(FATAL_ERROR "${name} may not depend on ${dep}: it comes later on the signal's way")
      endif()
    endif()
  endforeach()
endfunction()

set(HC_COMMON_HEADERS <algorithm> <array> <atomic> <cmath> <complex> <cstdint> <functional> <limits>
    <map> <memory> <mutex> <numbers> <optional> <span> <string> <string_view> <thread> <utility> <vector>
    ${CMAKE_SOURCE_DIR}/src/base/result.hpp)

# Those of the libraries are made with hc_base, the first and plainest of them.
function(hc_precompile_library target)
  if(HC_PRECOMPILED AND target STREQUAL "hc_base")
    target_precompile_headers(hc_base PRIVATE ${HC_COMMON_HEADERS})
  elseif(HC_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM hc_base)
  endif()
endfunction()

# Those of the tests are made with a target of their own: a macro that its maker has and another test
# has not would make them useless to that test.
function(hc_precompile_test target)
  if(NOT HC_PRECOMPILED)
    return()
  endif()
  if(NOT TARGET hc_test_headers)
    set(empty ${CMAKE_BINARY_DIR}/test_headers.cpp)
    file(CONFIGURE OUTPUT ${empty} CONTENT "// Only its headers matter.\n")
    add_library(hc_test_headers OBJECT ${empty})
    target_link_libraries(hc_test_headers PRIVATE hc::base GTest::gtest_main GTest::gmock)
    target_compile_options(hc_test_headers PRIVATE $<$<CONFIG:Release>:-O1>)
    target_precompile_headers(hc_test_headers PRIVATE ${HC_COMMON_HEADERS} <fstream> <gmock/gmock.h>
                              <gtest/gtest.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM hc_test_headers)
endfunction()

function(hc_library name)
  cmake_parse_arguments(ARG "FAST" "FOLDER" "DEPS;PRIVATE;TEST_DEPS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  string(REGEX REPLACE "/.*" "" place ${ARG_FOLDER})
  hc_check_direction(${name} ${place} ${ARG_DEPS} ${ARG_PRIVATE})
  hc_view(${name} ${ARG_FOLDER} view)

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cpp$")

  if(sources)
    add_library(hc_${name} STATIC ${sources})
    target_include_directories(hc_${name} PUBLIC ${view})
    target_link_libraries(hc_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE})
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      set(avx2 ${sources})
      list(FILTER avx2 INCLUDE REGEX "_avx2\\.cpp$")
      if(avx2)
        set_source_files_properties(${avx2} PROPERTIES COMPILE_OPTIONS "-mavx2"
                                    SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endif()
    if(NOT ARG_FAST)
      target_compile_options(hc_${name} PRIVATE $<$<CONFIG:Release>:-O2>)
    endif()
    hc_precompile_library(hc_${name})
    if(HC_FUZZ)
      target_compile_options(hc_${name} PRIVATE -fsanitize=fuzzer-no-link,address,undefined)
    endif()
  else()
    add_library(hc_${name} INTERFACE)
    target_include_directories(hc_${name} INTERFACE ${view})
    target_link_libraries(hc_${name} INTERFACE ${ARG_DEPS})
  endif()
  add_library(hc::${name} ALIAS hc_${name})

  if(HC_TESTS AND NOT HC_FUZZ AND tests AND (NOT HC_TEST_ONLY OR name IN_LIST HC_TEST_ONLY))
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE hc::${name} ${ARG_PRIVATE} ${ARG_TEST_DEPS}
                          GTest::gtest_main GTest::gmock)
    target_compile_definitions(${name}_test PRIVATE HC_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    # What is tested is optimised as it ships; the tests themselves compile in half the time so.
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)
    hc_precompile_test(${name}_test)
    add_test(NAME ${HC_TEST_PREFIX}${name} COMMAND ${name}_test)
    add_dependencies(hc_tests ${name}_test)
  endif()
  if(HC_BENCHMARKS AND NOT HC_FUZZ AND NOT HC_SANITIZE AND benches)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE hc::${name} ${ARG_PRIVATE} benchmark::benchmark_main)
    target_compile_definitions(${name}_bench PRIVATE HC_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
  if(HC_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(fuzz_name ${fuzzer} NAME_WE)
      add_executable(${fuzz_name} ${fuzzer})
      target_compile_options(${fuzz_name} PRIVATE -fsanitize=fuzzer-no-link,address,undefined)
      target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer,address,undefined)
      target_link_libraries(${fuzz_name} PRIVATE hc::${name} ${ARG_PRIVATE})
      add_dependencies(hc_fuzzers ${fuzz_name})
      string(REGEX REPLACE "_fuzz$" "" corpus ${fuzz_name})
      add_test(NAME fuzz_${corpus}
               COMMAND ${CMAKE_SOURCE_DIR}/tests/run_fuzz.sh $<TARGET_FILE:${fuzz_name}>
                       ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_corpus/${corpus})
    endforeach()
  endif()
endfunction()
