// Logins of HTTP's Basic scheme (RFC 7617): who may come in by which password, exporter-toolkit's
// `basic_auth_users`, and which logins were right before.
#pragma once

#include "base/secret.h"

#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
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
    [[nodiscard]] unsigned cost() const { return cost_; }

    /// `$2b$`, cost, salt and result.
    [[nodiscard]] std::string text() const { return setting_ + result_; }

    /// Takes some 70 ms at cost 10. What bcrypt would see only a part of (RFC 7617 allows NUL characters;
    /// bcrypt stops there, and after 72 bytes) matches nothing, and is told at once.
    [[nodiscard]] bool matches(const base::Secret& password) const;

    /// Whether `matches` takes its time over it.
    [[nodiscard]] static bool can_match(const base::Secret& password);

  private:
    BcryptHash(unsigned cost, std::string_view salt, std::string_view result);

    unsigned cost_;
    std::string setting_;  ///< version, cost and salt: what crypt is told
    std::string result_;   ///< what its answer must end with
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

    /// Whether both know the user, by the same hash.
    [[nodiscard]] bool share(const std::string& user, const Users& other) const;

    /// Whether they have the same names and hashes.
    [[nodiscard]] bool are_those_of(const Users& other) const { return known_ == other.known_; }

  private:
    std::map<std::string, BcryptHash> known_;
    std::vector<BcryptHash> unknown_;  ///< one for each of the known, of its cost; at least one
    Digest key_{};
};

/// The newest few of what was inserted. Not for several threads at once.
template <class T>
class Recent {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    template <class Key>
    [[nodiscard]] bool contains(const Key& item) const {
        return std::find(items_.begin(), items_.end(), item) != items_.end();
    }

    /// What is there already keeps its age.
    void insert(T item) {
        if (contains(item)) {
            return;
        }
        if (items_.size() < capacity_) {
            items_.push_back(std::move(item));
            return;
        }
        items_[next_] = std::move(item);
        next_ = (next_ + 1) % capacity_;
    }

    template <class Predicate>
    void erase_if(Predicate is_unwanted) {
        // The oldest first, as when the next one went in behind the last.
        std::rotate(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(next_), items_.end());
        next_ = 0;
        std::erase_if(items_, is_unwanted);
    }

  private:
    const std::size_t capacity_;
    std::vector<T> items_;
    std::size_t next_ = 0;  ///< where the next one goes
};

/// Which logins were right, by fingerprints from which no password can be recovered. Not for several threads
/// at once, except `fingerprint`.
class LoginCache {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity);

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    [[nodiscard]] Digest fingerprint(const Credentials& credentials) const;

    [[nodiscard]] bool contains(const Digest& fingerprint) const { return right_.contains(fingerprint); }
    /// @param user whose login it is
    void insert(const Digest& fingerprint, const std::string& user) { right_.insert({fingerprint, user}); }
    /// Forgets the logins of all users for whom `is_unwanted(user)` holds.
    template <class Predicate>
    void forget_if(Predicate is_unwanted) {
        right_.erase_if([&](const Login& login) { return is_unwanted(login.user); });
    }

  private:
    struct Login {
        Digest fingerprint;  ///< of the user too
        std::string user;

        friend bool operator==(const Login& login, const Digest& other) { return login.fingerprint == other; }
        friend bool operator==(const Login& login, const Login& other) { return login == other.fingerprint; }
    };

    const Digest key_;
    Recent<Login> right_;
};

}  // namespace exporter::http
