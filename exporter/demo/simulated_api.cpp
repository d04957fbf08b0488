#include "demo/simulated_api.h"

#include <algorithm>
#include <utility>

namespace exporter::demo {
namespace {

datadog::Date date_of(const std::optional<base::Timestamp>& moment) {
    return moment ? datadog::Date::at(*moment) : datadog::Date::none();
}

std::size_t text_bytes(const SimulatedToken& token) {
    std::size_t bytes =
        token.id.size() + token.name.size() + token.public_portion.size() + token.owner_id.size();
    for (const auto& scope : token.scopes) {
        bytes += scope.size();
    }
    return bytes;
}

/// Copies texts and scopes to where a page keeps them. What the page has must not move any more: it reserves
/// the room for all tokens at once.
class PageWriter {
  public:
    explicit PageWriter(datadog::Page& page, const std::vector<const SimulatedToken*>& tokens) : page_(page) {
        std::size_t bytes = 0;
        std::size_t scopes = 0;
        for (const auto* token : tokens) {
            bytes += text_bytes(*token);
            scopes += token->scopes.size();
        }
        page_.body.reserve(bytes);
        page_.scope_texts.reserve(scopes);
        page_.tokens.reserve(tokens.size());
    }

    void add(const SimulatedToken& token) {
        const std::size_t first_scope = page_.scope_texts.size();
        for (const auto& scope : token.scopes) {
            page_.scope_texts.push_back(copy(scope));
        }
        page_.tokens.push_back({
            .id = copy(token.id),
            .name = copy(token.name),
            .public_portion = copy(token.public_portion),
            .owner_id = copy(token.owner_id),
            .type = token.type,
            .owner_type = token.owner_type,
            .leak = token.leaked ? datadog::Leak::leaked : datadog::Leak::none,
            .created_at = date_of(token.created_at),
            .expires_at = date_of(token.expires_at),
            .last_used_at = date_of(token.last_used_at),
            .modified_at = date_of(token.modified_at),
            .scopes = std::span(page_.scope_texts).subspan(first_scope),
        });
    }

  private:
    [[nodiscard]] std::string_view copy(std::string_view text) {
        const std::size_t begin = page_.body.size();
        page_.body.insert(page_.body.end(), text.begin(), text.end());
        return {page_.body.data() + begin, text.size()};
    }

    datadog::Page& page_;
};

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

datadog::Page page_of(const Slice& slice, base::Timestamp now) {
    datadog::Page page;
    PageWriter writer(page, slice.tokens);
    for (const auto* token : slice.tokens) {
        writer.add(*token);
    }
    page.facts.elements = slice.tokens.size();
    page.facts.total_filtered_count = slice.total_filtered_count;
    page.asked_at = now;
    page.answered_at = now;
    return page;
}

datadog::Answer SimulatedApi::page(const datadog::PageRequest& request, base::Timestamp now) {
    const std::scoped_lock lock(mutex_);
    const auto verdict = rate_limiter_.take(now);
    if (!verdict.allowed) {
        return {{.status = 429, .rate_limit = verdict.state},
                tl::unexpected(datadog::Error{datadog::ErrorKind::rate_limited,
                                              "429 from the simulated organization: Too many requests",
                                              verdict.state.reset})};
    }
    organization_.advance(now);
    datadog::Page page = page_of(organization_.list(request), now);
    datadog::Exchange exchange{.status = 200, .rate_limit = verdict.state};
    exchange.body_bytes = page.body.size();
    return {std::move(exchange), std::move(page)};
}

}  // namespace exporter::demo
