// How a fuzzer reports a broken law: it says where, and libFuzzer keeps the input that aborts.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

inline void require(bool kept, std::source_location where = std::source_location::current()) {
    if (!kept) {
        std::fprintf(stderr, "%s:%u: a law is broken\n", where.file_name(),
                     static_cast<unsigned>(where.line()));
        std::abort();
    }
}
