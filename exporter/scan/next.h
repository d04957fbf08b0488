// What a scan or a poller wants done. They decide and never wait themselves: whoever drives them makes the
// requests and looks after the time, so a test can be the network and the clock.
#pragma once

#include "scan/clock.h"

#include <cstddef>
#include <variant>

namespace exporter::scan {

/// `PageSource::prepare` is to be called, and its result handed to `prepared`. Nothing else is under way.
struct Prepare {};

/// A page is to be fetched, and the answer handed to `answered`. Several may be under way at once.
struct Fetch {
    std::size_t page;
    SteadyTime deadline;  ///< of the whole exchange
};

/// There is nothing to do until then, unless an answer comes first.
struct Pause {
    SteadyTime until;
};

/// Only an answer changes anything.
inline constexpr Pause until_answered{SteadyTime::max()};

using Next = std::variant<Prepare, Fetch, Pause>;

}  // namespace exporter::scan
