// bcrypt, by libxcrypt.
#pragma once

#include "base/secret.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace exporter::http {

/// As `htpasswd -B` writes it: `$2y$10$` with 53 more characters. Constant.
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

}  // namespace exporter::http
