// Who is in the simulated organization: draws the tokens that it begins with and those that turn up later.
#pragma once

#include "datadog/token.h"
#include "demo/random.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::demo {

/// A token as the organization keeps it. Texts are owned; dates are exact to the microsecond.
struct SimulatedToken {
    std::string id;
    std::string name;
    std::string public_portion;
    datadog::TokenType type{};
    std::string owner_id;
    datadog::OwnerType owner_type{};
    std::vector<std::string> scopes;
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at;
    std::optional<base::Timestamp> last_used_at;
    std::optional<base::Timestamp> modified_at;
    bool leaked = false;
};

struct OrganizationOptions {
    std::size_t tokens = 400;
    std::uint64_t seed = 1;
    /// Mean time between changes (a token is created, revoked, edited or used), for an organization of any
    /// size. Zero: nothing happens but that tokens expire.
    std::chrono::milliseconds mean_time_between_events = std::chrono::seconds(5);
    /// `public_portion` of the token that the exporter itself uses.
    std::string exporter_public_portion = "ddpat_demo";
};

/// How many digits a token's dates have after the second (0, 3 or 6), which stays with its id.
[[nodiscard]] int fraction_digits(std::string_view id);

/// Draws tokens; the same ones for the same options and calls. Not thread-safe.
class Population {
  public:
    explicit Population(const OrganizationOptions& options);

    /// The tokens that the organization begins with, in order of creation. The first ten kinds drawn cover
    /// every feature (the exporter's own token, never-expiring and privileged, expired, leaked, unscoped,
    /// idle, never used, 40 scopes, an awkward name, edited), so any organization of ten or more has them
    /// all.
    [[nodiscard]] std::vector<SimulatedToken> initial(base::Timestamp now);

    /// A token that was just created, and never used.
    [[nodiscard]] SimulatedToken fresh(base::Timestamp created_at);

    /// Grants the token a scope more or takes one away.
    void edit(SimulatedToken& token, base::Timestamp now);

    [[nodiscard]] Random& random() { return random_; }

  private:
    [[nodiscard]] SimulatedToken own_token(base::Timestamp now);
    [[nodiscard]] SimulatedToken settled(base::Timestamp now);
    [[nodiscard]] SimulatedToken personal();
    [[nodiscard]] SimulatedToken machine();
    [[nodiscard]] std::string next_id();
    [[nodiscard]] std::string public_portion(std::string_view prefix);
    [[nodiscard]] std::vector<std::string> scopes();

    OrganizationOptions options_;
    Random random_;
    std::uint64_t next_id_ = 1;
};

}  // namespace exporter::demo
