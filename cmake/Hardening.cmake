# exporter_instrumentation: what the preset requests for every target, including tests: sanitizers, libFuzzer's coverage, gcov.
# exporter_hardening: the flags for the program's own code only, the same as in Debian's package builds.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(exporter_instrumentation INTERFACE)
# Line tables only where code is optimised: tracking variables there took g++ a third of its time for config/load.cpp.
target_compile_options(exporter_instrumentation INTERFACE $<IF:$<CONFIG:Release>,-g1,-g>)
add_library(exporter_hardening INTERFACE)
target_compile_options(exporter_hardening INTERFACE -fstack-protector-strong)

if(EXPORTER_SANITIZE)
  # At -O0 sanitized code is too slow for the end-to-end tests; -g1 is enough for line numbers in reports.
  set(CMAKE_CXX_FLAGS_DEBUG "-O1")
  # Without -fno-sanitize-recover, a run with reports still exits 0.
  target_compile_options(exporter_instrumentation INTERFACE
    -fsanitize=${EXPORTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  # As in the release build: reading past the end of a view usually stays inside a buffer, which the sanitizer does not report.
  target_compile_options(exporter_instrumentation INTERFACE -D_GLIBCXX_ASSERTIONS)
  if(EXPORTER_SANITIZE MATCHES "undefined")
    # The vptr check opens a pipe to probe memory. When file descriptors run out, which some tests cause on purpose, it reports
    # a valid object as broken.
    target_compile_options(exporter_instrumentation INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(exporter_instrumentation INTERFACE -fsanitize=${EXPORTER_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(exporter_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  target_link_options(exporter_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
endif()

if(EXPORTER_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EXPORTER_FUZZ needs clang: apt-get install clang-19 libclang-rt-19-dev, then cmake --preset asan")
  endif()
  # RapidJSON 1.1.0 adds 0 to a null pointer; the list is limited to its headers, so our own code stays checked.
  target_compile_options(exporter_instrumentation INTERFACE
    -fsanitize=fuzzer-no-link -fsanitize-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/ignorelist.txt)
endif()

if(EXPORTER_COVERAGE)
  target_compile_options(exporter_instrumentation INTERFACE --coverage)
  target_link_options(exporter_instrumentation INTERFACE --coverage)
endif()

target_link_libraries(exporter_hardening INTERFACE exporter_instrumentation)
