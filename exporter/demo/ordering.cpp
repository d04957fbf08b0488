#include "demo/ordering.h"

#include <algorithm>
#include <array>

namespace exporter::demo {
namespace {

using base::Timestamp;

constexpr std::array<std::string_view, 4> sort_keys = {"name", "created_at", "expires_at", "last_used_at"};

std::string_view without_minus(std::string_view sort) {
    return sort.starts_with('-') ? sort.substr(1) : sort;
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

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char left, char right) { return lower(left) == lower(right); }) != text.end();
}

}  // namespace

bool is_known_sort(std::string_view sort) {
    return std::find(sort_keys.begin(), sort_keys.end(), without_minus(sort)) != sort_keys.end();
}

void sort_tokens(std::vector<const SimulatedToken*>& tokens, std::string_view sort) {
    const bool descending = sort.starts_with('-');
    const auto key = without_minus(sort);
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

bool matches(const SimulatedToken& token, const Query& query) {
    const bool owner_wanted =
        query.owned_by.empty() ||
        std::find(query.owned_by.begin(), query.owned_by.end(), token.owner_id) != query.owned_by.end();
    return owner_wanted && (query.filter.empty() || contains_ignoring_case(token.name, query.filter));
}

}  // namespace exporter::demo
