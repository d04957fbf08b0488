// Who may come in by which password: exporter-toolkit's `basic_auth_users`.
#pragma once

#include "http/authorization.h"
#include "http/bcrypt.h"
#include "http/hmac.h"

#include <map>
#include <string>
#include <vector>

namespace exporter::http {

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

}  // namespace exporter::http
