#include "http/bcrypt.h"

#include "base/text.h"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
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

}  // namespace

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

}  // namespace exporter::http
