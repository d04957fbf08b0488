// `main` for the programs that tests and benchmarks start.
#pragma once

#include <cstdio>
#include <exception>

namespace exporter::support {

/// Returns what `run` returns. If it throws, prints the message to standard error and returns 1.
inline int guarded_main(int (*run)(int, char**), int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

}  // namespace exporter::support
