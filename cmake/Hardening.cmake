# exporter_hardening: sanitizers where asked for, otherwise the hardening that Debian builds its own packages with.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(exporter_hardening INTERFACE)
target_compile_options(exporter_hardening INTERFACE -fstack-protector-strong -g)

if(EXPORTER_SANITIZE)
  # Without no-recover a run that printed reports still exits 0.
  target_compile_options(exporter_hardening INTERFACE
    -fsanitize=${EXPORTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  if(EXPORTER_SANITIZE MATCHES "undefined")
    # Its check of virtual tables opens a pipe to look at memory, and takes a lack of file descriptors, which tests bring
    # about on purpose, for a broken object.
    target_compile_options(exporter_hardening INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(exporter_hardening INTERFACE -fsanitize=${EXPORTER_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(exporter_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  target_link_options(exporter_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
endif()

if(EXPORTER_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EXPORTER_FUZZ needs clang: apt-get install clang-19 libclang-rt-19-dev, then cmake --preset asan")
  endif()
  # RapidJSON 1.1.0 adds 0 to a null pointer; the list is limited to its headers, so own code stays checked.
  target_compile_options(exporter_hardening INTERFACE
    -fsanitize=fuzzer-no-link -fsanitize-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/ignorelist.txt)
endif()

if(EXPORTER_COVERAGE)
  target_compile_options(exporter_hardening INTERFACE --coverage -O0)
  target_link_options(exporter_hardening INTERFACE --coverage)
endif()
