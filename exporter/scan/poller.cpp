#include "scan/poller.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::scan {

namespace {

/// How far a poll or a wait may run over its time before the loop counts as stuck: scheduling, rendering, and
/// name servers that do not answer, of which glibc asks each twice for 5 s, for each search domain.
constexpr std::chrono::minutes slack{3};

/// The longest period of Datadog's rate limits is an hour. Whoever asks for a longer pause is not Datadog,
/// and must not silence the exporter.
constexpr std::chrono::seconds longest_pause{3660};

}  // namespace

Poller::Poller(const PollerOptions& options, PageSource& source, Clock& clock, Randomness& randomness,
               ListingSink& sink, PollObserver& observer)
    : options_(options),
      budget_(options.rate_limit_reserve),
      environment_{source, clock, randomness, budget_},
      sink_(sink),
      observer_(observer) {
    expect_progress_by(environment_.clock.steady_now());
}

void Poller::step(const std::stop_token& stop) {
    const SteadyTime start = environment_.clock.steady_now();
    const datadog::Timestamp attempt = environment_.clock.now();
    expect_progress_by(start + options_.timeout);

    statistics_.last_pages = 0;
    const auto outcome = scan_once(start + options_.timeout, stop);
    if (!outcome && outcome.error().kind == datadog::ErrorKind::cancelled) {
        return;  // The program is ending; that is no failure of the poll.
    }

    PollReport report;
    report.duration = environment_.clock.steady_now() - start;
    report.pages = statistics_.last_pages;
    report.failures_in_a_row = failures_in_a_row_;
    ++statistics_.polls;
    statistics_.last_attempt = attempt;
    statistics_.last_duration = report.duration;
    statistics_.last_poll_succeeded = outcome.has_value();
    asked_to_wait_.reset();
    if (outcome) {
        statistics_.last_success = attempt;
        statistics_.listing = *outcome;
        report.listing = *outcome;
        failures_in_a_row_ = 0;
        stale_at_ = start + options_.stale_after;
    } else {
        ++statistics_.failures[static_cast<std::size_t>(outcome.error().kind)];
        report.error = outcome.error();
        report.failures_in_a_row = ++failures_in_a_row_;
        asked_to_wait_ = outcome.error().retry_after;
    }
    tell(report);
    attempted_.store(true);
}

void Poller::tell(const PollReport& report) {
    try {
        observer_.poll_finished(report, statistics_);
    } catch (const std::exception&) {
        // Counted for the next time, when there may be memory again.
        ++statistics_.failures[static_cast<std::size_t>(datadog::ErrorKind::internal)];
        statistics_.last_poll_succeeded = false;
    }
}

datadog::Result<Listing> Poller::scan_once(SteadyTime deadline, const std::stop_token& stop) {
    try {
        return scan(options_.scan, environment_, sink_, statistics_, deadline, stop);
    } catch (const std::exception& exception) {
        return tl::unexpected(datadog::Error{datadog::ErrorKind::internal, exception.what(), std::nullopt});
    }
}

void Poller::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const SteadyTime start = environment_.clock.steady_now();
        step(stop);
        if (!wait(next_poll(start), stop)) {
            return;
        }
    }
}

SteadyTime Poller::next_poll(SteadyTime start) {
    const SteadyTime regular = start + options_.interval;
    if (failures_in_a_row_ == 0) {
        return regular;
    }
    const SteadyTime now = environment_.clock.steady_now();
    if (asked_to_wait_ && *asked_to_wait_ > std::chrono::seconds(0)) {
        // Up to a second more, so that not all clients return in the same moment.
        const std::chrono::milliseconds jitter(static_cast<int>(1000 * environment_.randomness.next()));
        return std::max(regular, now + std::min(*asked_to_wait_, longest_pause) + jitter);
    }
    // Beyond 2^20 every back-off is longer than any interval.
    const auto doublings = std::min<std::uint64_t>(failures_in_a_row_ - 1, 20);
    const double ceiling =
        std::min(static_cast<double>(options_.failure_backoff.count()) * static_cast<double>(1U << doublings),
                 static_cast<double>(options_.interval.count()));
    // From half of it upwards: a pause near nothing would double the load on an API in trouble.
    const double pause = ceiling * (0.5 + environment_.randomness.next() / 2);
    const SteadyTime backed_off = now + std::chrono::milliseconds(static_cast<std::int64_t>(pause));
    // A poll that took longer than the interval to fail is no reason to do without a pause.
    return regular > now ? std::min(regular, backed_off) : backed_off;
}

bool Poller::wait(SteadyTime next_poll, const std::stop_token& stop) {
    expect_progress_by(next_poll);
    if (stale_at_ && *stale_at_ < next_poll) {
        if (!environment_.clock.wait_until(*stale_at_, stop)) {
            return false;
        }
        try {
            observer_.became_stale(statistics_);
            stale_at_.reset();
        } catch (const std::exception&) {
            // Still stale: told again after the next poll.
            return environment_.clock.wait_until(next_poll, stop);
        }
    }
    return environment_.clock.wait_until(next_poll, stop);
}

bool Poller::moving() const {
    return environment_.clock.steady_now().time_since_epoch().count() <= progress_due_.load();
}

void Poller::expect_progress_by(SteadyTime moment) {
    progress_due_.store((moment + slack).time_since_epoch().count());
}

}  // namespace exporter::scan
