#include "http/users.h"

#include <cstddef>
#include <utility>

namespace exporter::http {

namespace {

/// Of Go's bcrypt.
constexpr unsigned default_cost = 10;

}  // namespace

Users::Users(std::map<std::string, BcryptHash> hashes) : known_(std::move(hashes)) {
    std::string all;
    for (const auto& [user, hash] : known_) {
        unknown_.push_back(BcryptHash::of_nothing(hash.cost()));
        all += hash.text();
    }
    if (unknown_.empty()) {
        unknown_.push_back(BcryptHash::of_nothing(default_cost));
    }
    // The hashes are secret as keys must be, and they outlast a restart.
    key_ = hmac_sha256({}, all);
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
