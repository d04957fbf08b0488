// Tokens that are listed one by one, for `tokens.detail` and `--list`: the worst, within a limit.
#pragma once

#include "inventory/inventory.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace exporter::inventory {

/// Which tokens are listed one by one. Over the limit the worst stay: by their worst finding, then those that
/// expire soonest, then by id. The order of the listing makes no difference, unless `most_detail_scopes` is
/// met.
struct DetailRules {
    FindingSet findings = {};  ///< only tokens with one of these; none: all tokens
    std::size_t limit = 1000;
    bool with_scopes = false;  ///< also what only `--list` shows: scopes and public portions
};

/// Whether `left` comes first where the worst do.
[[nodiscard]] bool is_worse(const TokenDetail& left, const TokenDetail& right);

/// References to scopes that listed tokens may have together, 4 bytes each: a listing of 200,000 tokens with
/// 20 scopes each fits.
inline constexpr std::size_t most_detail_scopes = 4'000'000;

/// Keeps the worst while tokens come in.
class Details {
  public:
    /// @param rules must outlive this; nullopt: no token is listed
    explicit Details(const std::optional<DetailRules>& rules) : rules_(rules) {}

    /// Whether `add` wants to know a token's scopes.
    [[nodiscard]] bool wants_scopes() const { return rules_ && rules_->with_scopes; }

    /// @param scopes as `TokenDetail::scopes`
    void add(const datadog::Token& token, const FindingSet& found, std::span<const std::uint32_t> scopes);

    /// Those that `rules` asks for beyond its limit, or beyond `most_detail_scopes`.
    [[nodiscard]] Count omitted() const { return omitted_; }

    /// The worst first.
    [[nodiscard]] std::vector<TokenDetail> build() &&;

  private:
    const std::optional<DetailRules>& rules_;
    std::vector<TokenDetail> heap_;  ///< the one that gives way first in front
    std::size_t scopes_ = 0;         ///< of those in the heap
    Count omitted_ = 0;
};

}  // namespace exporter::inventory
