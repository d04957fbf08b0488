// demo/: a simulated Datadog organization and its life, for `--demo`. A seed and a size come in; pages of the
// listing go out, as datadog/ would have read them from the API. Time passes only when a caller says so, and
// the same seed and the same moments give the same tokens. Knows nothing of sockets, HTTP or JSON: the tests
// serve the same organization over HTTP (tests/support/simulated_datadog.h).
#pragma once

#include "datadog/api.h"
#include "demo/population.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::demo {

/// A slice of the listing: pointers are valid until the organization changes.
struct Slice {
    std::vector<const SimulatedToken*> tokens;
    std::size_t total_filtered_count = 0;
};

/// The organization itself: deterministic from its seed and the moments it was advanced to. Not thread-safe.
///
/// The population is what a security team would find in a real one: people with a few tokens of days to a
/// year, machines with long-lived or never-expiring ones, some privileged, some idle for months, some never
/// used, a few expired but still listed, one or two leaked, 40 to 60 scopes with a long tail, a handful of
/// tokens without scopes, names with quotes, newlines and non-Latin letters; and the exporter's own token.
class SimulatedOrganization {
  public:
    SimulatedOrganization(OrganizationOptions options, base::Timestamp now);
    /// Not copyable: the cached order points into the tokens.
    SimulatedOrganization(const SimulatedOrganization&) = delete;
    SimulatedOrganization& operator=(const SimulatedOrganization&) = delete;
    ~SimulatedOrganization() = default;

    /// Lets time pass: tokens are created, used, edited, revoked, expire, and one to three days after that
    /// leave the list. The exporter's own token is never edited or revoked. Going back in time does nothing.
    void advance(base::Timestamp now);

    /// Adds or removes a token by hand.
    void create(SimulatedToken token);
    bool revoke(std::string_view id);

    /// One page of the listing. An unknown `sort` is that by name; "never" is later than any date, and ties
    /// go by id, ascending.
    [[nodiscard]] Slice list(const datadog::PageRequest& request);

    /// In order of creation.
    [[nodiscard]] const std::vector<SimulatedToken>& tokens() const { return tokens_; }
    [[nodiscard]] base::Timestamp now() const { return now_; }

    /// A token with the next id, as `advance` would create it.
    [[nodiscard]] SimulatedToken make_token(base::Timestamp created_at);

  private:
    /// A listing's order, so that reading 1,000 pages sorts once. Gone with any change: it points into
    /// `tokens_`.
    struct Order {
        std::string key;
        std::vector<const SimulatedToken*> tokens;
    };

    void happen(base::Timestamp now);
    void create_or_revoke(base::Timestamp now);
    void drop_departed(base::Timestamp now);
    [[nodiscard]] bool is_own(const SimulatedToken& token) const;
    [[nodiscard]] std::chrono::microseconds draw_spacing();
    [[nodiscard]] const Order& order_of(const datadog::PageRequest& request);

    OrganizationOptions options_;
    base::Timestamp now_;
    Population population_;
    std::vector<SimulatedToken> tokens_;
    base::Timestamp next_event_;
    /// No token leaves before this moment.
    base::Timestamp next_departure_ = base::Timestamp::min();
    std::optional<Order> order_;
};

}  // namespace exporter::demo
