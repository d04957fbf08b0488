// Small fakes: a clock that tests advance by hand, a source with scripted pages, and a sink that records what
// it receives.
#pragma once

#include "scan/scan.h"
#include "support/drive.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace exporter::scan {

/// Waiting advances the time; nothing sleeps.
class FakeClock final : public Clock {
  public:
    base::Timestamp now() override { return wall_; }
    SteadyTime steady_now() override { return steady_; }
    bool wait_until(SteadyTime moment, std::stop_token stop) override {
        if (stop.stop_requested()) {
            return false;
        }
        waits.push_back(moment - steady_);
        advance(std::max(moment - steady_, SteadyTime::duration::zero()));
        if (on_wait) {
            on_wait();
        }
        return !stop.stop_requested();
    }

    void advance(SteadyTime::duration time) {
        steady_ += time;
        wall_ += std::chrono::duration_cast<base::Timestamp::duration>(time);
    }

    std::vector<SteadyTime::duration> waits;
    std::function<void()> on_wait;

  private:
    SteadyTime steady_{std::chrono::hours(1)};
    base::Timestamp wall_{std::chrono::seconds(1'700'000'000)};
};

/// A `Randomness` that always returns `value`.
inline Randomness always(double value) {
    return [value] { return value; };
}

/// Builds a page and owns its strings.
class PageBuilder {
  public:
    PageBuilder& token(std::string id, datadog::Date created_at = {}) {
        return token(std::move(id), {.created_at = created_at, .last_used_at = {}, .modified_at = {}});
    }
    struct Dates {
        datadog::Date created_at;
        datadog::Date last_used_at;
        datadog::Date modified_at;
    };
    PageBuilder& token(std::string id, Dates dates) {
        tokens_.emplace_back(std::move(id), dates);
        return *this;
    }
    PageBuilder& total(std::uint64_t total) {
        total_ = total;
        return *this;
    }
    PageBuilder& unreadable_tokens(std::size_t count) {
        unreadable_ = count;
        return *this;
    }
    PageBuilder& asked_at(base::Timestamp time) {
        asked_at_ = time;
        return *this;
    }
    PageBuilder& answered_at(base::Timestamp date) {
        answered_at_ = date;
        return *this;
    }

    [[nodiscard]] datadog::Page build() const {
        datadog::Page page;
        std::size_t bytes = 0;
        for (const auto& [id, dates] : tokens_) {
            bytes += id.size();
        }
        page.body.reserve(bytes);
        for (const auto& [id, dates] : tokens_) {
            const char* const begin = page.body.data() + page.body.size();
            page.body.insert(page.body.end(), id.begin(), id.end());
            datadog::Token token;
            token.id = {begin, id.size()};
            token.created_at = dates.created_at;
            token.last_used_at = dates.last_used_at;
            token.modified_at = dates.modified_at;
            page.tokens.push_back(token);
        }
        page.facts.elements = tokens_.size() + unreadable_;
        page.facts.unparsed[static_cast<std::size_t>(datadog::Field::token)] = unreadable_;
        page.facts.total_filtered_count = total_;
        page.asked_at = asked_at_;
        page.answered_at = answered_at_;
        return page;
    }

  private:
    std::vector<std::pair<std::string, Dates>> tokens_;
    std::optional<std::uint64_t> total_;
    std::optional<base::Timestamp> asked_at_;
    std::optional<base::Timestamp> answered_at_;
    std::size_t unreadable_ = 0;
};

inline datadog::Answer page_answer(const PageBuilder& page) {
    datadog::Answer answer{{}, page.build()};
    answer.exchange.status = 200;
    answer.exchange.duration = std::chrono::milliseconds(40);
    answer.exchange.body_bytes = 1000;
    return answer;
}

inline datadog::Answer error_answer(datadog::ErrorKind kind, int status,
                                    std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    datadog::Answer answer{{}, tl::unexpected(datadog::Error{kind, "scripted", retry_after})};
    answer.exchange.status = status;
    return answer;
}

/// An entry for `FakeSource::script`.
inline std::function<datadog::Answer()> page(PageBuilder builder) {
    return [builder = std::move(builder)] { return page_answer(builder); };
}

/// Answers with `respond`, and records the page numbers requested.
class FakeSource final : public PageSource {
  public:
    datadog::Result<void> prepare() override {
        ++prepared;
        if (prepare_error) {
            return tl::unexpected(*prepare_error);
        }
        return {};
    }
    datadog::Answer page(std::size_t number, SteadyTime) override {
        asked.push_back(number);
        return respond(number);
    }

    /// Returns `answers` in order, then internal errors.
    void script(std::vector<std::function<datadog::Answer()>> answers) {
        queue_.assign(answers.begin(), answers.end());
        respond = [this](std::size_t) {
            if (queue_.empty()) {
                return error_answer(datadog::ErrorKind::internal, 0);
            }
            const auto next = queue_.front();
            queue_.pop_front();
            return next();
        };
    }

    std::function<datadog::Answer(std::size_t)> respond;
    std::vector<std::size_t> asked;
    int prepared = 0;
    std::optional<datadog::Error> prepare_error;

  private:
    std::deque<std::function<datadog::Answer()>> queue_;
};

/// Records what a `ListingSink` or a `PollObserver` receives.
template <class Interface>
class Recording : public Interface {
  public:
    void begin(base::Timestamp now) override {
        ++begins;
        as_of = now;
        pending.clear();
        tokens.clear();
    }
    bool add(const datadog::Token& token) override {
        if (on_add) {
            on_add();
        }
        pending.emplace_back(token.id);
        tokens.push_back(token);
        return pending.size() <= most_tokens;
    }
    void finish() override { finished = pending; }
    void publish(const Listing& listing) override {
        listings.push_back(listing);
        published = finished;
    }

    std::function<void()> on_add;
    std::size_t most_tokens = std::numeric_limits<std::size_t>::max();  ///< add() returns false beyond that
    int begins = 0;
    base::Timestamp as_of;
    std::vector<std::string> pending;
    std::vector<datadog::Token> tokens;  ///< of the last reading; their string views dangle
    std::vector<std::string> finished;
    std::vector<std::string> published;
    std::vector<Listing> listings;
};

using RecordingSink = Recording<ListingSink>;

/// Everything a scan needs.
struct ScanFixture {
    FakeClock clock;
    Randomness randomness = always(0.5);
    FakeSource source;
    RecordingSink sink;
    Statistics statistics;
    ScanOptions options{.page_size = 2};
    std::chrono::seconds timeout{120};
    bool good_is_shown = false;
    /// Deadline of the scan that `run` drives, for sources that depend on it.
    [[nodiscard]] SteadyTime deadline() const { return deadline_; }

    RateBudget budget{10};
    Pace pace{1};

    ScanEnvironment environment() { return {options, clock, randomness, budget, pace, sink, statistics}; }

    /// Runs a scan with one request at a time.
    datadog::Result<Listing> run() {
        deadline_ = clock.steady_now() + timeout;
        const ScanEnvironment surroundings = environment();
        Scan scan(surroundings, deadline_, good_is_shown);
        support::drive(scan, source, clock, [] { return false; });
        return *scan.outcome();
    }

  private:
    SteadyTime deadline_;
};

}  // namespace exporter::scan
