// Reports a failed check of a fuzzer: prints where, then aborts, so that libFuzzer saves the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

inline void require(bool kept, std::source_location where = std::source_location::current()) {
    if (!kept) {
        std::fprintf(stderr, "%s:%u: check failed\n", where.file_name(), static_cast<unsigned>(where.line()));
        std::abort();
    }
}
