# Every dependency is a package of Debian 12, 13 and unstable. If one is missing, the error names the package to install.

find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
  message(FATAL_ERROR "pkg-config is missing: apt-get install pkg-config")
endif()

# exporter_require(<found-variable> <debian-package>): stops and names the package unless the variable is true.
function(exporter_require found debian_package)
  if(NOT ${found})
    message(FATAL_ERROR "${debian_package} is missing: apt-get install ${debian_package}")
  endif()
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(OpenSSL 3.0 QUIET)
exporter_require(OPENSSL_FOUND libssl-dev)

find_package(ZLIB QUIET)
exporter_require(ZLIB_FOUND zlib1g-dev)

find_package(Boost 1.74 QUIET CONFIG)
exporter_require(Boost_FOUND libboost-dev)

find_package(fmt QUIET)
exporter_require(fmt_FOUND libfmt-dev)


find_package(yaml-cpp QUIET)
exporter_require(yaml-cpp_FOUND libyaml-cpp-dev)
if(NOT TARGET yaml-cpp::yaml-cpp) # Debian 12's target has no namespace.
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

find_package(tl-expected QUIET)
exporter_require(tl-expected_FOUND libexpected-dev)

find_package(prometheus-cpp QUIET COMPONENTS core)
exporter_require(prometheus-cpp_FOUND prometheus-cpp-dev)

pkg_check_modules(RAPIDJSON QUIET IMPORTED_TARGET RapidJSON)
exporter_require(RAPIDJSON_FOUND rapidjson-dev)

pkg_check_modules(XCRYPT QUIET IMPORTED_TARGET libxcrypt)
exporter_require(XCRYPT_FOUND libcrypt-dev)

# Found by pkg-config rather than by header: the library's feature macros change the size of httplib::Client, so they must be
# those that the distribution's library was compiled with.
pkg_check_modules(HTTPLIB QUIET IMPORTED_TARGET cpp-httplib>=0.11)
exporter_require(HTTPLIB_FOUND libcpp-httplib-dev)

if(EXPORTER_TESTS)
  find_package(CLI11 QUIET)
  exporter_require(CLI11_FOUND libcli11-dev)
  find_package(GTest QUIET)
  exporter_require(GTest_FOUND libgtest-dev)
  if(NOT TARGET GTest::gmock)
    message(FATAL_ERROR "libgmock-dev is missing: apt-get install libgmock-dev")
  endif()
endif()
