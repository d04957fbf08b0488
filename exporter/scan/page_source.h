// The network as scan sees it.
#pragma once

#include "datadog/client.h"
#include "scan/clock.h"

#include <cstddef>

namespace exporter::scan {

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
