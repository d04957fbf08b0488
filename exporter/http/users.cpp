#include "http/users.h"

#include "base/base64.h"
#include "base/text.h"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

namespace exporter::http {

namespace {

constexpr std::size_t prefix_size = std::string_view("$2b$10$").size();
constexpr std::size_t salt_size = 22;
constexpr std::size_t result_size = 31;
constexpr std::size_t longest_password = 72;
constexpr unsigned highest_cost = 16;

struct Wipe {
    void operator()(crypt_data* data) const {
        ::OPENSSL_cleanse(data, sizeof(crypt_data));
        delete data;
    }
};

bool is_of_the_alphabet(char c) {
    return base::is_alphanumeric(c) || c == '.' || c == '/';
}

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

BcryptHash::BcryptHash(unsigned cost, std::string_view salt, std::string_view result)
    : cost_(cost), setting_(fmt::format("$2b${:02}${}", cost, salt)), result_(result) {}

tl::expected<BcryptHash, std::string_view> BcryptHash::parse(std::string_view text) {
    constexpr std::string_view no_hash =
        "is no bcrypt hash of a password ($2y$10$ and 53 more characters); htpasswd -nBC 10 \"\" makes one";
    const std::string_view version = text.substr(0, 4);
    if (text.size() != prefix_size + salt_size + result_size ||
        (version != "$2a$" && version != "$2b$" && version != "$2y$") || !base::is_digit(text[4]) ||
        !base::is_digit(text[5]) || text[6] != '$') {
        return tl::unexpected(no_hash);
    }
    const auto cost = static_cast<unsigned>((text[4] - '0') * 10 + (text[5] - '0'));
    const auto rest = text.substr(prefix_size);
    if (cost < 4 || cost > 31 || !std::all_of(rest.begin(), rest.end(), is_of_the_alphabet)) {
        return tl::unexpected(no_hash);
    }
    if (cost > highest_cost) {
        return tl::unexpected<std::string_view>(
            "has a cost above 16, seconds of work for each password that anybody sends; 10 to 12 is usual");
    }
    return BcryptHash(cost, rest.substr(0, salt_size), rest.substr(salt_size));
}

BcryptHash BcryptHash::of_nothing(unsigned cost) {
    return {cost, std::string(salt_size, '.'), std::string(result_size, '.')};
}

bool BcryptHash::can_match(const base::Secret& password) {
    const std::string_view text = password.expose();
    return text.size() <= longest_password && text.find('\0') == std::string_view::npos;
}

bool BcryptHash::matches(const base::Secret& password) const {
    if (!can_match(password)) {
        return false;
    }
    const std::unique_ptr<crypt_data, Wipe> data(new crypt_data());
    const char* const hash = ::crypt_rn(password.expose().data(), setting_.c_str(), data.get(),
                                        static_cast<int>(sizeof(crypt_data)));
    const std::string_view text = hash != nullptr ? hash : "";
    return text.size() == prefix_size + salt_size + result_size &&
           ::CRYPTO_memcmp(text.data() + prefix_size + salt_size, result_.data(), result_size) == 0;
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
