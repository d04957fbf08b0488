#include "app/owners.h"

#include "scan/rate_limit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

/// In order of first appearance.
std::vector<std::string_view> distinct(std::span<const std::string_view> ids) {
    std::vector<std::string_view> once;
    std::set<std::string_view> known = {std::string_view()};
    for (const std::string_view id : ids) {
        if (known.insert(id).second) {
            once.push_back(id);
        }
    }
    return once;
}

/// What happened, and what a person can do about it.
std::string with_advice(const datadog::Error& error) {
    return fmt::format("{} ({})", error.message, datadog::advice(error));
}

/// The look-ups of one organization's owners.
class OwnerLookup {
  public:
    OwnerLookup(Source& source, const OwnerOptions& options, scan::Clock& clock)
        : source_(source),
          clock_(clock),
          deadline_(clock.steady_now() + options.time_budget),
          budget_(options.reserve_percent) {
        budget_.note(options.last_known, clock.steady_now());
    }

    [[nodiscard]] Owners run(std::span<const std::string_view> ids) {
        std::size_t asked = 0;
        while (asked < ids.size() && may_go_on(asked)) {
            ask(std::string(ids[asked]));
            ++asked;
        }
        owners_.remark = remark(ids.size());
        return std::move(owners_);
    }

  private:
    /// False: `end_` is the reason.
    bool may_go_on(std::size_t asked) {
        const auto now = clock_.steady_now();
        if (end_) {
            return false;
        }
        if (asked >= most_owners_asked) {
            end_ = fmt::format("at most {} are looked up", most_owners_asked);
        } else if (now >= deadline_) {
            end_ = "looking them up took too long";
        } else if (!budget_.has_room(0, now)) {
            end_ = "only the API's rate-limit reserve is left (--poll.rate-limit-reserve)";
        }
        return !end_;
    }

    void ask(std::string id) {
        datadog::UserAnswer answer = source_.user(id, deadline_);
        budget_.note(answer.exchange.rate_limit, clock_.steady_now());
        if (answer.user) {
            owners_.users.emplace(std::move(id), *std::move(answer.user));
            failed_in_a_row_ = 0;
            return;
        }
        const datadog::Error& error = answer.user.error();
        switch (error.kind) {
            case datadog::ErrorKind::not_found:
                owners_.gone.insert(std::move(id));
                failed_in_a_row_ = 0;
                break;
            case datadog::ErrorKind::unauthorized:
            case datadog::ErrorKind::forbidden:
            case datadog::ErrorKind::rate_limited:
            case datadog::ErrorKind::cancelled:
                end_ = with_advice(error);
                break;
            default:
                last_failure_ = with_advice(error);
                ++failed_;
                if (++failed_in_a_row_ == most_failed_lookups_in_a_row) {
                    end_ = fmt::format("{} look-ups in a row failed", failed_in_a_row_);
                }
        }
    }

    [[nodiscard]] std::string remark(std::size_t owners) const {
        const std::size_t unnamed = owners - owners_.users.size();
        if (unnamed == 0) {
            return {};
        }
        std::vector<std::string> reasons;
        if (!owners_.gone.empty()) {
            reasons.push_back(fmt::format("{} not found (404)", owners_.gone.size()));
        }
        if (failed_ > 0) {
            reasons.push_back(fmt::format("{} failed: {}", failed_, last_failure_));
        }
        if (const std::size_t rest = unnamed - owners_.gone.size() - failed_; rest > 0) {
            reasons.push_back(fmt::format("{} not looked up: {}", rest, end_.value_or("")));
        }
        return fmt::format("names are missing for {} of {} owners: {}", unnamed, owners,
                           fmt::join(reasons, "; "));
    }

    Source& source_;
    scan::Clock& clock_;
    const scan::SteadyTime deadline_;
    scan::RateBudget budget_;
    Owners owners_;
    std::optional<std::string> end_;  ///< why no more owners are looked up; nullopt: nothing prevents it
    std::string last_failure_;
    std::size_t failed_ = 0;
    int failed_in_a_row_ = 0;
};

}  // namespace

Owners look_up_owners(Source& source, std::span<const std::string_view> ids, const OwnerOptions& options,
                      scan::Clock& clock) {
    return OwnerLookup(source, options, clock).run(distinct(ids));
}

}  // namespace exporter::app
