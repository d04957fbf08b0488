#include "http/users.h"

#include "base/base64.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace exporter::http {

namespace {

/// Of Go's bcrypt.
constexpr unsigned default_cost = 10;

Digest hmac_sha256(const Digest& key, std::string_view message) {
    Digest digest{};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), digest.data(),
               nullptr) == nullptr) {
        std::abort();  // Only for want of memory. A digest that is the same for all would let anybody in.
    }
    return digest;
}

/// Without randomness the program ends: there is nothing to fall back to.
Digest random_key() {
    Digest key{};
    if (::RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
        std::abort();
    }
    return key;
}

}  // namespace

std::optional<Credentials> parse_basic_authorization(std::string_view authorization) {
    constexpr std::string_view scheme = "Basic ";
    if (!base::begins_with(authorization, scheme)) {
        return std::nullopt;
    }
    auto token = authorization.substr(scheme.size());
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    std::string bytes(base::decoded_base64_size(token.size()), '\0');
    const auto size = base::decode_base64(token, bytes);
    const base::Secret decoded(std::move(bytes));
    const auto text = decoded.expose().substr(0, size.value_or(0));
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    return Credentials{std::string(text.substr(0, colon)), base::Secret(std::string(text.substr(colon + 1)))};
}

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

LoginCache::LoginCache(std::size_t capacity) : key_(random_key()), right_(capacity) {}

// Two steps, so that no end of a user reads as the beginning of a password.
Digest LoginCache::fingerprint(const Credentials& credentials) const {
    return hmac_sha256(hmac_sha256(key_, credentials.user), credentials.password.expose());
}

}  // namespace exporter::http
