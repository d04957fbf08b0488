// Which logins were right: remembered by fingerprints, from which no password can be had.
#pragma once

#include "http/authorization.h"
#include "http/hmac.h"
#include "http/recent.h"

#include <cstddef>
#include <string>

namespace exporter::http {

/// Not for several threads at once, but for `fingerprint`.
class LoginCache {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity) : right_(capacity) {}

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

    const Digest key_ = random_key();
    Recent<Login> right_;
};

}  // namespace exporter::http
