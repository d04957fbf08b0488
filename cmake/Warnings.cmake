# exporter_warnings: what every target of ours is compiled with, and nobody else's.
add_library(exporter_warnings INTERFACE)
# A designated initializer names what differs from the defaults on purpose, so leaving the rest out is no mistake.
target_compile_options(exporter_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough -Wextra-semi
  -Wno-missing-field-initializers)
