#include "demo/organization.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace exporter::demo {
namespace {

using base::Timestamp;

/// A leap in time with more events than this (a suspended laptop, a test's clock) is cut short.
constexpr int most_events_at_once = 50'000;

/// When a token that has expired is no longer listed; a day or more after it did, the same for each look.
Timestamp departure(const SimulatedToken& token) {
    if (!token.expires_at) {
        return Timestamp::max();
    }
    constexpr auto two_days = std::chrono::seconds(std::chrono::days(2)).count();
    const auto extra = std::chrono::seconds(fingerprint(token.id) % static_cast<std::uint64_t>(two_days));
    return *token.expires_at + std::chrono::days(1) + extra;
}

std::string order_key(const datadog::PageRequest& request) {
    std::string key = request.sort + '\0' + request.filter;
    for (const auto& owner : request.owned_by) {
        key += '\0' + owner;
    }
    return key;
}

template <class Key>
void sort_by(std::vector<const SimulatedToken*>& tokens, bool descending, Key key) {
    std::sort(tokens.begin(), tokens.end(), [&](const SimulatedToken* left, const SimulatedToken* right) {
        const auto& left_key = key(*left);
        const auto& right_key = key(*right);
        if (left_key != right_key) {
            return descending ? right_key < left_key : left_key < right_key;
        }
        return left->id < right->id;
    });
}

void sort_tokens(std::vector<const SimulatedToken*>& tokens, std::string_view sort) {
    const bool descending = sort.starts_with('-');
    const auto key = descending ? sort.substr(1) : sort;
    if (key == "created_at") {
        sort_by(tokens, descending, [](const SimulatedToken& token) { return token.created_at; });
    } else if (key == "expires_at") {
        sort_by(tokens, descending,
                [](const SimulatedToken& token) { return token.expires_at.value_or(Timestamp::max()); });
    } else if (key == "last_used_at") {
        sort_by(tokens, descending,
                [](const SimulatedToken& token) { return token.last_used_at.value_or(Timestamp::max()); });
    } else {
        sort_by(tokens, descending, [](const SimulatedToken& token) { return std::string_view(token.name); });
    }
}

/// Whether `token` passes the request's filters.
bool matches(const SimulatedToken& token, const datadog::PageRequest& request) {
    const bool owner_wanted =
        request.owned_by.empty() ||
        std::find(request.owned_by.begin(), request.owned_by.end(), token.owner_id) != request.owned_by.end();
    return owner_wanted && base::lower(token.name).find(base::lower(request.filter)) != std::string::npos;
}

}  // namespace

SimulatedOrganization::SimulatedOrganization(OrganizationOptions options, Timestamp now)
    : options_(std::move(options)),
      now_(now),
      population_(options_),
      tokens_(population_.initial(now)),
      next_event_(now + draw_spacing()) {}

void SimulatedOrganization::advance(Timestamp now) {
    if (now <= now_) {
        return;
    }
    if (options_.mean_time_between_events.count() > 0) {
        for (int events = 0; next_event_ <= now; ++events) {
            if (events == most_events_at_once) {
                next_event_ = now + draw_spacing();
                break;
            }
            drop_departed(next_event_);
            happen(next_event_);
            next_event_ += draw_spacing();
        }
    }
    drop_departed(now);
    now_ = now;
}

void SimulatedOrganization::create(SimulatedToken token) {
    next_departure_ = std::min(next_departure_, departure(token));
    tokens_.push_back(std::move(token));
    order_.reset();
}

bool SimulatedOrganization::revoke(std::string_view id) {
    const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                    [&](const SimulatedToken& token) { return token.id == id; });
    if (found == tokens_.end()) {
        return false;
    }
    tokens_.erase(found);
    order_.reset();
    return true;
}

Slice SimulatedOrganization::list(const datadog::PageRequest& request) {
    const auto& ordered = order_of(request).tokens;
    Slice slice;
    slice.total_filtered_count = ordered.size();
    const std::size_t pages = request.size == 0 ? 0 : ordered.size() / request.size + 1;
    if (request.number < pages) {
        const std::size_t begin = request.number * request.size;
        const std::size_t end = std::min(begin + request.size, ordered.size());
        slice.tokens.assign(ordered.begin() + static_cast<std::ptrdiff_t>(begin),
                            ordered.begin() + static_cast<std::ptrdiff_t>(end));
    }
    return slice;
}

SimulatedToken SimulatedOrganization::make_token(Timestamp created_at) {
    return population_.fresh(created_at);
}

void SimulatedOrganization::happen(Timestamp now) {
    order_.reset();
    const double kind = population_.random().fraction();
    if (tokens_.empty() || kind < 0.38) {
        create_or_revoke(now);
        return;
    }
    SimulatedToken& token = tokens_[population_.random().below(tokens_.size())];
    if (token.expires_at && *token.expires_at <= now) {
        return;
    }
    if (kind < 0.5 && !is_own(token)) {
        population_.edit(token, now);
    } else {
        token.last_used_at =
            fraction_digits(token.id) == 6 ? now : std::chrono::floor<std::chrono::seconds>(now);
    }
}

/// Keeps the population near the size that it began with.
void SimulatedOrganization::create_or_revoke(Timestamp now) {
    const double creation = tokens_.size() < options_.tokens   ? 0.9
                            : tokens_.size() > options_.tokens ? 0.1
                                                               : 0.5;
    if (tokens_.empty() || population_.random().chance(creation)) {
        create(population_.fresh(now));
        return;
    }
    const std::size_t index = population_.random().below(tokens_.size());
    if (!is_own(tokens_[index])) {
        tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(index));
    }
}

void SimulatedOrganization::drop_departed(Timestamp now) {
    if (now < next_departure_) {
        return;
    }
    const auto dropped =
        std::erase_if(tokens_, [&](const SimulatedToken& token) { return departure(token) <= now; });
    if (dropped > 0) {
        order_.reset();
    }
    next_departure_ = Timestamp::max();
    for (const auto& token : tokens_) {
        next_departure_ = std::min(next_departure_, departure(token));
    }
}

bool SimulatedOrganization::is_own(const SimulatedToken& token) const {
    return token.public_portion == options_.exporter_public_portion;
}

std::chrono::microseconds SimulatedOrganization::draw_spacing() {
    const std::chrono::duration<double, std::micro> mean = options_.mean_time_between_events;
    return std::chrono::microseconds(
        static_cast<std::int64_t>(population_.random().exponential(mean.count())) + 1);
}

const SimulatedOrganization::Order& SimulatedOrganization::order_of(const datadog::PageRequest& request) {
    std::string key = order_key(request);
    if (!order_ || order_->key != key) {
        Order order;
        order.key = std::move(key);
        for (const auto& token : tokens_) {
            if (matches(token, request)) {
                order.tokens.push_back(&token);
            }
        }
        sort_tokens(order.tokens, request.sort);
        order_ = std::move(order);
    }
    return *order_;
}

}  // namespace exporter::demo
