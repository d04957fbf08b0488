// demo/: a simulated Datadog organization served over real HTTP on loopback. The program's `--demo`, and the
// fake that tests and benchmarks use.
#pragma once

#include "datadog/token.h"
#include "demo/population.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::demo {

/// The query arguments of "Get all access tokens", as parsed by the server.
struct Query {
    std::string sort = "name";
    std::string filter;  ///< part of a name, whatever its case
    std::vector<std::string> owned_by;
    std::size_t page_size = 10;
    std::size_t page_number = 0;
};

/// A slice of the listing: pointers are valid until the organization changes.
struct Slice {
    std::vector<const SimulatedToken*> tokens;
    std::size_t total_filtered_count = 0;
};

/// The organization itself: deterministic from its seed and the moments it was advanced to. Not thread-safe;
/// the server guards it.
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

    /// Adds or removes a token by hand; for tests.
    void create(SimulatedToken token);
    bool revoke(std::string_view id);

    [[nodiscard]] Slice list(const Query& query);

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
    [[nodiscard]] const Order& order_of(const Query& query);

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
