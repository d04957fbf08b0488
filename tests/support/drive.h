// Drives pollers and scans on one thread, one request at a time, for tests that control the clock.
#pragma once

#include "scan/poller.h"
#include "scan/scan.h"

#include <functional>
#include <stop_token>
#include <utility>
#include <variant>

namespace exporter::support {

/// Drives `machine`, a poller or a scan, until `done` returns true or until it waits for something that can't
/// happen.
template <class Machine, class Done>
void drive(Machine& machine, scan::PageSource& source, scan::Clock& clock, Done done,
           const std::stop_token& stop = {}) {
    while (!done() && !stop.stop_requested()) {
        const scan::Next next = machine.next();
        if (const auto* wanted = std::get_if<scan::Fetch>(&next)) {
            machine.answered(wanted->page, scan::fetch(source, *wanted));
        } else {
            const auto until = std::get<scan::SteadyTime>(next);
            if (until == scan::SteadyTime::max()) {
                return;
            }
            if (until > clock.steady_now() && !done()) {
                clock.wait_until(until, stop);
            }
        }
    }
}

/// Runs one poll immediately. True: it published.
inline bool poll(scan::Poller& poller, scan::PageSource& source, scan::Clock& clock) {
    const auto polls = poller.statistics().polls;
    poller.poll_now();
    drive(poller, source, clock, [&] { return poller.statistics().polls > polls; });
    return poller.statistics().polls > polls && poller.statistics().last_poll_succeeded;
}

}  // namespace exporter::support
