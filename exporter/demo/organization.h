// demo/: a simulated Datadog organization, for `--demo` and for tests. In: a size, a seed and the time. Out:
// tokens with realistic numbers that are created, used, edited and revoked as time passes. Time passes only
// when a caller advances it, and the same seed and times give the same tokens. Nothing here opens a socket or
// writes JSON: `SimulatedApi` returns pages as datadog/ would have read them, and the tests serve the same
// organization over HTTP (tests/support/simulated_datadog.h).
#pragma once

#include "datadog/token.h"
#include "datadog/user.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::demo {

/// Random numbers that are the same on every platform; the standard distributions are not.
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::uint64_t bits() { return engine_(); }

    /// 0 to `bound` - 1; `bound` is at least 1.
    [[nodiscard]] std::size_t below(std::size_t bound) {
        return static_cast<std::size_t>(bits() % static_cast<std::uint64_t>(bound));
    }

    /// In [0, 1).
    [[nodiscard]] double fraction() { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

    [[nodiscard]] bool chance(double probability) { return fraction() < probability; }

    [[nodiscard]] double exponential(double mean) { return -std::log(1.0 - fraction()) * mean; }

    template <class Choices>
    [[nodiscard]] const auto& pick(const Choices& choices) {
        return choices[below(choices.size())];
    }

  private:
    std::mt19937_64 engine_;
};

/// A token as stored by the organization.
struct SimulatedToken {
    std::string id;
    std::string name;
    std::string public_portion;
    datadog::TokenType type{};
    std::string owner_id;
    datadog::OwnerType owner_type{};
    std::vector<std::string_view> scopes;  ///< have static storage
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at = {};
    std::optional<base::Timestamp> last_used_at = {};
    std::optional<base::Timestamp> modified_at = {};
    bool leaked = false;
};

struct OrganizationOptions {
    std::size_t tokens = 400;
    std::uint64_t seed = 1;
    /// Mean time between changes (a token is created, revoked, edited or used), for an organization of any
    /// size. Zero: tokens only expire.
    std::chrono::milliseconds mean_time_between_events = std::chrono::seconds(5);
    /// `public_portion` of the token that the exporter itself uses.
    std::string exporter_public_portion = "ddpat_demo";
};

/// The organization itself, determined by its seed and the times to which it was advanced. Not thread-safe.
///
/// The population is what a security team would find in a real one: people with a few tokens with lifetimes
/// of days to a year, machines with long-lived or never-expiring ones, some privileged, some idle for months,
/// some never used, a few expired but still listed, one or two leaked, 40 to 60 scopes with a long tail, a
/// few tokens without scopes, names with quotes, newlines and non-Latin letters; and the exporter's own
/// token. Any organization of ten or more tokens has at least one of each of these kinds. No machine's token
/// is about to expire at the start. Of two organizations with the same seed, the larger contains the tokens
/// of the smaller, possibly with other owners.
class SimulatedOrganization {
  public:
    SimulatedOrganization(OrganizationOptions options, base::Timestamp now);

    /// Advances the time: tokens are created, used, edited and revoked; they expire, and leave the list one
    /// to three days later. The exporter's own token is never edited or revoked. Going back in time has no
    /// effect.
    void advance(base::Timestamp now);

    /// In order of creation; tests may change, add and remove tokens.
    [[nodiscard]] std::vector<SimulatedToken>& tokens() { return tokens_; }
    [[nodiscard]] const std::vector<SimulatedToken>& tokens() const { return tokens_; }
    [[nodiscard]] base::Timestamp now() const { return now_; }

    /// A current or former owner of tokens; nullopt: there is no such user.
    [[nodiscard]] std::optional<datadog::User> user_of(std::string_view id) const;

    /// A new token that was never used. It is not in the list yet.
    [[nodiscard]] SimulatedToken make_token(base::Timestamp created_at);

  private:
    [[nodiscard]] SimulatedToken own_token(base::Timestamp now);
    [[nodiscard]] SimulatedToken settled_token(base::Timestamp now);

    void happen(base::Timestamp now);
    void create_or_revoke(base::Timestamp now);
    void edit(SimulatedToken& token, base::Timestamp now);
    [[nodiscard]] bool is_own(const SimulatedToken& token) const;
    [[nodiscard]] std::chrono::microseconds draw_spacing();

    OrganizationOptions options_;
    base::Timestamp now_;
    Random random_;
    std::vector<std::string> people_;    ///< ids of users
    std::vector<std::string> machines_;  ///< ids of service accounts
    std::vector<SimulatedToken> tokens_;
    base::Timestamp next_event_;
};

}  // namespace exporter::demo
