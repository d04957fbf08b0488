// A network that answers several requests concurrently, each after its own delay, on a clock that a test
// controls.
#pragma once

#include "scan/fakes.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <variant>

namespace exporter::scan {

class SimulatedNetwork {
  public:
    using Respond = std::function<datadog::Answer(std::size_t page)>;
    using Milliseconds = std::chrono::milliseconds;

    /// Each direction takes up to 50 ms.
    ///
    /// @param respond called when a request reaches the server
    SimulatedNetwork(FakeClock& clock, std::mt19937& random, Respond respond)
        : SimulatedNetwork(clock, std::move(respond), [&random] { return Milliseconds(random() % 50); }) {}

    /// @param way latency of a request or a response
    SimulatedNetwork(FakeClock& clock, Respond respond, std::function<Milliseconds()> way)
        : clock_(clock), respond_(std::move(respond)), way_(std::move(way)) {}

    /// Scans the fixture's organization with `options.concurrency` concurrent requests.
    datadog::Result<Listing> run(ScanFixture& fixture) {
        fixture.pace = Pace(fixture.options.concurrency);
        const ScanEnvironment environment = fixture.environment();
        Scan scan(environment, clock_.steady_now() + fixture.timeout, fixture.good_is_shown);
        for (;;) {
            const Next next = scan.next();
            if (scan.outcome()) {
                return *scan.outcome();
            }
            if (const auto* fetch = std::get_if<Fetch>(&next)) {
                ask(fetch->page);
            } else {
                pass_time(scan, std::get<SteadyTime>(next));
            }
        }
    }

    std::size_t most_under_way = 0;
    std::size_t requests = 0;

  private:
    struct Request {
        std::size_t page;
        SteadyTime sent;
        std::optional<datadog::Answer> answer;  ///< nullopt: the request is on its way to the server
    };

    void ask(std::size_t page) {
        ++requests;
        events_.emplace(clock_.steady_now() + way_(), Request{page, clock_.steady_now(), {}});
        most_under_way = std::max(most_under_way, events_.size());
    }

    /// Advances the time to the next event or `moment`, whichever comes first.
    void pass_time(Scan& scan, SteadyTime moment) {
        if (events_.empty() || moment < events_.begin()->first) {
            clock_.advance(std::max(moment - clock_.steady_now(), SteadyTime::duration::zero()));
            return;
        }
        auto event = events_.extract(events_.begin());
        clock_.advance(std::max(event.key() - clock_.steady_now(), SteadyTime::duration::zero()));
        Request& request = event.mapped();
        if (request.answer) {
            request.answer->exchange.duration = clock_.steady_now() - request.sent;
            scan.answered(request.page, *std::move(request.answer));
        } else {
            request.answer = respond_(request.page);
            events_.emplace(clock_.steady_now() + way_(), std::move(request));
        }
    }

    FakeClock& clock_;
    const Respond respond_;
    const std::function<Milliseconds()> way_;
    std::multimap<SteadyTime, Request> events_;
};

}  // namespace exporter::scan
