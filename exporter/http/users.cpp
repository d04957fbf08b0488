#include "http/users.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace exporter::http {

namespace {

/// Of Go's bcrypt.
constexpr unsigned default_cost = 10;
/// Some 5 s. One that takes longer could never be answered in time.
constexpr unsigned highest_cost = 16;

tl::expected<BcryptHash, std::string> checked(const std::string& user, const std::string& text) {
    if (user.find(':') != std::string::npos) {
        return tl::unexpected(fmt::format(
            "user {} could never come in: HTTP's Basic scheme has no colon in a name (RFC 7617)", user));
    }
    auto hash = BcryptHash::parse(text);
    if (!hash) {
        return tl::unexpected(fmt::format(
            "the password of user {} is no bcrypt hash; `htpasswd -nBC 10 USER` makes one, which begins with "
            "$2y$10$",
            user));
    }
    if (hash->cost() > highest_cost) {
        return tl::unexpected(fmt::format(
            "the hash of user {} has cost {}, which takes too long to check; {} at most, 10 to 12 is "
            "usual",
            user, hash->cost(), highest_cost));
    }
    return *hash;
}

}  // namespace

tl::expected<Users, std::string> Users::make(const std::map<std::string, std::string>& hashes) {
    Users users;
    std::string all;
    std::string named;
    for (const auto& [user, text] : hashes) {
        auto hash = checked(user, text);
        if (!hash) {
            return tl::unexpected(std::move(hash.error()));
        }
        users.unknown_.push_back(BcryptHash::of_nothing(hash->cost()));
        users.known_.emplace(user, std::move(*hash));
        all += text;
        named += user + ':' + text + '\n';  // a name has no colon, and a hash no line's end
    }
    if (users.unknown_.empty()) {
        users.unknown_.push_back(BcryptHash::of_nothing(default_cost));
    }
    // The hashes are secret as keys must be, and they outlast a restart.
    users.key_ = hmac_sha256({}, all);
    users.fingerprint_ = hmac_sha256({}, named);
    return users;
}

const BcryptHash& Users::hash_for(const std::string& user) const {
    // In any case, so that it takes no time of its own.
    const auto digest = hmac_sha256(key_, user);
    std::size_t number = 0;
    for (const unsigned char byte : digest) {
        number = (number * 256 + byte) % unknown_.size();
    }
    const auto found = known_.find(user);
    return found != known_.end() ? found->second : unknown_[number];
}

bool Users::share(const std::string& user, const Users& other) const {
    const auto ours = known_.find(user);
    const auto theirs = other.known_.find(user);
    return ours != known_.end() && theirs != other.known_.end() && ours->second == theirs->second;
}

bool Users::admit(const Credentials& credentials) const {
    const bool matches = hash_for(credentials.user).matches(credentials.password);
    return matches && known_.find(credentials.user) != known_.end();
}

}  // namespace exporter::http
