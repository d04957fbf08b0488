// The `main` of programs that tests and benchmarks start.
#pragma once

#include <cstdio>
#include <exception>

namespace exporter::support {

/// What `run` returns; 1, with the words on standard error, when it throws.
inline int guarded_main(int (*run)(int, char**), int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

}  // namespace exporter::support
