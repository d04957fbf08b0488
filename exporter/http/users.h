// Logins of HTTP's Basic scheme (RFC 7617): who may come in by which password, exporter-toolkit's
// `basic_auth_users`, and which logins were right before.
#pragma once

#include "base/secret.h"
#include "base/text_hash.h"

#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

struct Credentials {
    std::string user;  ///< without a colon
    base::Secret password;
};

/// Strict: the scheme in any case, then spaces, then base64 with its padding of `user:password`. Both parts
/// may be empty or hold any bytes.
///
/// @param authorization the header's value; several, joined by commas, are none
[[nodiscard]] std::optional<Credentials> parse_basic_authorization(std::string_view authorization);

/// bcrypt, by libxcrypt. As `htpasswd -B` writes it: `$2y$10$` with 53 more characters. Constant.
class BcryptHash {
  public:
    /// Takes `$2a$`, `$2b$` and `$2y$`, all to mean the right algorithm, as Go does: they mark historical
    /// bugs of other programs. bcrypt's cost goes up to 31, but each step doubles the work that anybody who
    /// sends a password causes: 16 is several seconds of a core, and the highest that is taken.
    ///
    /// @return or what is wrong, for a message behind the hash's place; never quotes it
    [[nodiscard]] static tl::expected<BcryptHash, std::string_view> parse(std::string_view text);

    /// One that no password is known for.
    ///
    /// @param cost 4 to 16
    [[nodiscard]] static BcryptHash of_nothing(unsigned cost);

    /// Whether both are the same hash, whichever of the versions was written.
    friend bool operator==(const BcryptHash&, const BcryptHash&) = default;

    /// 4 to 16: each step takes twice as long.
    [[nodiscard]] unsigned cost() const;

    /// `$2b$`, cost, salt and result.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// Takes some 70 ms at cost 10. What bcrypt would see only a part of (RFC 7617 allows NUL characters;
    /// bcrypt stops there, and after 72 bytes) matches nothing, and is told at once.
    [[nodiscard]] bool matches(const base::Secret& password) const;

    /// Whether `matches` takes its time over it.
    [[nodiscard]] static bool can_match(const base::Secret& password);

  private:
    explicit BcryptHash(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// Of HMAC-SHA256 (RFC 2104); also a key for it.
using Digest = std::array<unsigned char, 32>;

/// Constant.
class Users {
  public:
    /// @param hashes by user; none: nobody comes in
    explicit Users(std::map<std::string, BcryptHash> hashes);

    /// Takes its time: that of bcrypt, whether there is such a user or not.
    [[nodiscard]] bool admit(const Credentials& credentials) const;

    /// What somebody's password is compared with. Somebody unknown has a hash of one of the costs there are,
    /// and of the same one for as long as the users stay, over restarts too: or the time it takes would tell
    /// who is known.
    [[nodiscard]] const BcryptHash& hash_for(const std::string& user) const;

  private:
    std::map<std::string, BcryptHash> known_;
    std::vector<BcryptHash> unknown_;  ///< one for each of the known, of its cost; at least one
    base::HashKey key_;
};

/// The newest few of what was inserted. Not for several threads at once.
template <class T>
class Recent {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] bool contains(const T& item) const {
        return std::find(items_.begin(), items_.end(), item) != items_.end();
    }

    /// What is there already keeps its age.
    void insert(T item) {
        if (contains(item)) {
            return;
        }
        if (items_.size() == capacity_) {
            items_.pop_front();
        }
        items_.push_back(std::move(item));
    }

  private:
    const std::size_t capacity_;
    std::deque<T> items_;  ///< the oldest first
};

/// Which logins were right, by fingerprints from which no password can be recovered. Not for several threads
/// at once, except `fingerprint`.
class LoginCache {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity);

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    ///
    /// @param hash the user's: with another one no login of before is found
    [[nodiscard]] Digest fingerprint(const Credentials& credentials, const BcryptHash& hash) const;

    [[nodiscard]] bool contains(const Digest& fingerprint) const { return right_.contains(fingerprint); }
    void insert(const Digest& fingerprint) { right_.insert(fingerprint); }

  private:
    const Digest key_;
    Recent<Digest> right_;
};

}  // namespace exporter::http
