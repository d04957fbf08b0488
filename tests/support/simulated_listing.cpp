#include "support/simulated_listing.h"

#include "base/text.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace exporter::support {
namespace {

using base::Timestamp;
using demo::SimulatedToken;

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
    return owner_wanted && (request.filter.empty() ||
                            base::lower(token.name).find(base::lower(request.filter)) != std::string::npos);
}

bool in_order_of_creation(const SimulatedToken& left, const SimulatedToken& right) {
    return std::tie(left.created_at, left.id) < std::tie(right.created_at, right.id);
}

}  // namespace

Slice list(const demo::SimulatedOrganization& organization, const datadog::PageRequest& request) {
    std::vector<const SimulatedToken*> ordered;
    for (const SimulatedToken& token : organization.tokens()) {
        if (matches(token, request)) {
            ordered.push_back(&token);
        }
    }
    if (request.sort != "created_at") {  // Tokens are already stored in that order.
        sort_tokens(ordered, request.sort);
    }
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

void create(demo::SimulatedOrganization& organization, SimulatedToken token) {
    auto& tokens = organization.tokens();
    const auto place = std::upper_bound(tokens.begin(), tokens.end(), token, in_order_of_creation);
    tokens.insert(place, std::move(token));
}

bool revoke(demo::SimulatedOrganization& organization, std::string_view id) {
    return std::erase_if(organization.tokens(),
                         [id](const SimulatedToken& token) { return token.id == id; }) > 0;
}

std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
    }
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;  // splitmix64's finalizer
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31U);
}

int fraction_digits(std::string_view id) {
    return static_cast<int>(fingerprint(id) % 3) * 3;
}

void cut_dates(demo::SimulatedOrganization& organization) {
    const auto cut = [](std::optional<Timestamp> moment, int digits) {
        if (moment && digits == 0) {
            moment = std::chrono::floor<std::chrono::seconds>(*moment);
        } else if (moment && digits == 3) {
            moment = std::chrono::floor<std::chrono::milliseconds>(*moment);
        }
        return moment;
    };
    auto& tokens = organization.tokens();
    for (SimulatedToken& token : tokens) {
        const int digits = fraction_digits(token.id);
        token.created_at = cut(token.created_at, digits).value_or(token.created_at);
        token.expires_at = cut(token.expires_at, digits);
        token.last_used_at = cut(token.last_used_at, digits);
        token.modified_at = cut(token.modified_at, digits);
    }
    std::sort(tokens.begin(), tokens.end(), in_order_of_creation);
}

}  // namespace exporter::support
