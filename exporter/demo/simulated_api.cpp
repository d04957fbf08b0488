#include "demo/simulated_api.h"

#include <algorithm>
#include <utility>

namespace exporter::demo {
namespace {

datadog::Date date_of(const std::optional<base::Timestamp>& moment) {
    return moment ? datadog::Date::at(*moment) : datadog::Date::none();
}

datadog::Error too_many_requests(const RateLimiter::Verdict& verdict) {
    return {datadog::ErrorKind::rate_limited, "429 from the simulated organization: Too many requests",
            verdict.state.reset};
}

}  // namespace

RateLimiter::Verdict RateLimiter::take(base::Timestamp now) {
    const auto period = std::max(rate_limit_.period, std::chrono::seconds(1));
    const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    if (second / period != window_) {
        window_ = second / period;
        used_ = 0;
    }
    const bool allowed = used_ < rate_limit_.limit;
    used_ += allowed ? 1 : 0;
    return {allowed,
            {.limit = rate_limit_.limit,
             .remaining = rate_limit_.limit - used_,
             .period = period,
             .reset = period - second % period}};
}

datadog::Page page_of(std::span<const SimulatedToken> tokens, std::size_t total, base::Timestamp now) {
    datadog::Page page;
    // All strings first: the page's tokens point into them, so they must not move afterwards.
    for (const SimulatedToken& token : tokens) {
        for (const auto* text : {&token.id, &token.name, &token.public_portion, &token.owner_id}) {
            page.body.insert(page.body.end(), text->begin(), text->end());
        }
        page.scope_texts.insert(page.scope_texts.end(), token.scopes.begin(), token.scopes.end());
    }
    auto next = [place = page.body.data()](const std::string& text) mutable {
        return std::string_view(std::exchange(place, place + text.size()), text.size());
    };
    std::span<const std::string_view> scopes = page.scope_texts;
    for (const SimulatedToken& token : tokens) {
        page.tokens.push_back({
            .id = next(token.id),
            .name = next(token.name),
            .public_portion = next(token.public_portion),
            .owner_id = next(token.owner_id),
            .type = token.type,
            .owner_type = token.owner_type,
            .leak = token.leaked ? datadog::Leak::leaked : datadog::Leak::none,
            .created_at = date_of(token.created_at),
            .expires_at = date_of(token.expires_at),
            .last_used_at = date_of(token.last_used_at),
            .modified_at = date_of(token.modified_at),
            .scopes = scopes.first(token.scopes.size()),
        });
        scopes = scopes.subspan(token.scopes.size());
    }
    page.facts.elements = tokens.size();
    page.facts.total_filtered_count = total;
    page.asked_at = now;
    page.answered_at = now;
    return page;
}

datadog::Answer SimulatedApi::page(std::size_t number, std::size_t size, base::Timestamp now) {
    const std::scoped_lock lock(mutex_);
    const auto verdict = rate_limiter_.take(now);
    if (!verdict.allowed) {
        return {{.status = 429, .rate_limit = verdict.state}, tl::unexpected(too_many_requests(verdict))};
    }
    organization_.advance(now);
    const std::span<const SimulatedToken> tokens = organization_.tokens();
    const std::size_t begin = std::min(number * size, tokens.size());
    datadog::Page page =
        page_of(tokens.subspan(begin, std::min(size, tokens.size() - begin)), tokens.size(), now);
    datadog::Exchange exchange{.status = 200, .rate_limit = verdict.state};
    exchange.body_bytes = page.body.size();
    return {std::move(exchange), std::move(page)};
}

datadog::UserAnswer SimulatedApi::user(std::string_view id, base::Timestamp now) {
    const std::scoped_lock lock(mutex_);
    const auto verdict = rate_limiter_.take(now);
    if (!verdict.allowed) {
        return {{.status = 429, .rate_limit = verdict.state}, tl::unexpected(too_many_requests(verdict))};
    }
    auto user = organization_.user_of(id);
    if (!user) {
        return {{.status = 404, .rate_limit = verdict.state},
                tl::unexpected(datadog::Error{datadog::ErrorKind::not_found,
                                              "404 from the simulated organization: User not found"})};
    }
    return {{.status = 200, .rate_limit = verdict.state}, *std::move(user)};
}

}  // namespace exporter::demo
