#include "http/bcrypt_shape.h"

#include <algorithm>

namespace exporter::http {
namespace {

constexpr std::size_t bcrypt_length = 60;
constexpr std::size_t bcrypt_head_length = 7;  // `$2y$10$`
constexpr int least_cost = 4;
constexpr int highest_cost = 16;

bool is_decimal(char c) {
    return c >= '0' && c <= '9';
}

/// bcrypt's own Base64.
bool is_encoded(char c) {
    return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

}  // namespace

std::string_view fault_in_bcrypt_hash(std::string_view hash) {
    constexpr std::string_view no_hash =
        "is no bcrypt hash of a password ($2y$10$ and 53 more characters); htpasswd -nBC 10 \"\" makes one";
    const std::string_view kind = hash.substr(0, 4);
    if (hash.size() != bcrypt_length || (kind != "$2a$" && kind != "$2b$" && kind != "$2y$") ||
        !is_decimal(hash[4]) || !is_decimal(hash[5]) || hash[6] != '$' ||
        !std::all_of(hash.begin() + bcrypt_head_length, hash.end(), is_encoded)) {
        return no_hash;
    }
    const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
    if (cost < least_cost || cost > 31) {
        return no_hash;
    }
    return cost > highest_cost ? "has a cost above 16, seconds of work for each password that anybody sends; "
                                 "10 to 12 is usual"
                               : "";
}

}  // namespace exporter::http
