# Cross-compiles for arm64 on a Debian of another architecture, with crossbuild-essential-arm64 and the arm64 packages of the
# libraries (install_build_packages of exporter/packages.sh).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
set(EXPORTER_DEBIAN_ARCHITECTURE arm64)
# Runs the built tests, and the tool that writes the manual page. Building the program alone does not need it.
find_program(EXPORTER_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(EXPORTER_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${EXPORTER_QEMU})
endif()
