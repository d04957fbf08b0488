// The network as scan sees it. A scan and a poller decide and never wait: they say what is to be done next,
// and whoever drives them makes the requests and waits. So a test can be the network and the clock.
#pragma once

#include "datadog/client.h"
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

/// One organization's listing, page by page.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// Called once at the start of each poll, while no page is being fetched: reads the credentials again.
    [[nodiscard]] virtual datadog::Result<void> prepare() = 0;

    /// Fetches one page. The whole exchange is over by `deadline`. Several threads may fetch at once.
    [[nodiscard]] virtual datadog::Answer page(std::size_t number, SteadyTime deadline) = 0;
};

}  // namespace exporter::scan
