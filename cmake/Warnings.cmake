# exporter_warnings: the warnings for all of our own targets, but not for other people's code.
add_library(exporter_warnings INTERFACE)
# A designated initializer names only what differs from the defaults, so missing fields are intended.
target_compile_options(exporter_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough -Wextra-semi
  -Wno-missing-field-initializers)
