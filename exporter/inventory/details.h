// Tokens that are listed individually, for `tokens.detail` and `--list`: the worst, up to a limit.
#pragma once

#include "inventory/inventory.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace exporter::inventory {

/// Which tokens are listed individually. Beyond the limit, the worst are kept: by their worst finding, then
/// by earliest expiry, then by id. The order of the listing makes no difference, unless `most_detail_scopes`
/// is reached.
struct DetailRules {
    FindingSet findings = {};  ///< only tokens with one of these; none set: all tokens
    std::size_t limit = 1000;
    bool with_scopes = false;  ///< also include scopes and public portions, which only `--list` shows
};

/// Whether `left` comes before `right`, worst first.
[[nodiscard]] bool is_worse(const TokenDetail& left, const TokenDetail& right);

/// Maximum number of scope references in all listed tokens, 4 bytes each: enough for 200,000 tokens with 20
/// scopes each.
inline constexpr std::size_t most_detail_scopes = 4'000'000;

/// Keeps the worst of the added tokens.
class Details {
  public:
    /// @param rules must outlive this; nullopt: no token is listed
    explicit Details(const std::optional<DetailRules>& rules) : rules_(rules) {}

    /// Whether `add` needs a token's scopes.
    [[nodiscard]] bool wants_scopes() const { return rules_ && rules_->with_scopes; }

    /// @param scopes as in `TokenDetail::scopes`
    void add(const datadog::Token& token, const FindingSet& found, std::span<const std::uint32_t> scopes);

    /// Number of tokens selected by `rules` beyond its limit, or beyond `most_detail_scopes`.
    [[nodiscard]] Count omitted() const { return omitted_; }

    /// The worst first.
    [[nodiscard]] std::vector<TokenDetail> build() &&;

  private:
    const std::optional<DetailRules>& rules_;
    std::vector<TokenDetail> heap_;  ///< the first to be dropped is at the front
    std::size_t scopes_ = 0;         ///< of the tokens in the heap
    Count omitted_ = 0;
};

}  // namespace exporter::inventory
