// bcrypt, by libxcrypt.
#pragma once

#include "http/wiped.h"

#include <optional>
#include <string>
#include <string_view>

namespace exporter::http {

/// As `htpasswd -B` writes it: `$2y$10$` with 53 more characters. Constant.
class BcryptHash {
  public:
    /// Takes `$2a$`, `$2b$` and `$2y$`, all to mean the right algorithm, as Go does: they tell of mistakes in
    /// programs of old.
    [[nodiscard]] static std::optional<BcryptHash> parse(std::string_view text);

    /// One that no password is known for.
    ///
    /// @param cost 4 to 31
    [[nodiscard]] static BcryptHash of_nothing(unsigned cost);

    /// Whether both are the same hash, whichever of the versions was written.
    friend bool operator==(const BcryptHash&, const BcryptHash&) = default;

    /// 4 to 31: each step takes twice as long.
    [[nodiscard]] unsigned cost() const { return cost_; }

    /// Takes some 70 ms at cost 10. What bcrypt would see only a part of (RFC 7617 allows NUL characters;
    /// bcrypt stops there, and after 72 bytes) matches nothing, and is told at once.
    [[nodiscard]] bool matches(const WipedText& password) const;

    /// Whether `matches` takes its time over it.
    [[nodiscard]] static bool can_match(const WipedText& password);

  private:
    BcryptHash(unsigned cost, std::string_view salt, std::string_view result);

    unsigned cost_;
    std::string setting_;  ///< version, cost and salt: what crypt is told
    std::string result_;   ///< what its answer must end with
};

}  // namespace exporter::http
