// A whole listing, and its receiver.
#pragma once

#include "datadog/token.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace exporter::scan {

/// A listing that was read to its end.
struct Listing {
    /// Every page was read, and nothing says that a token is missing or was seen twice. False: after several
    /// tries the pages still contradicted each other or the reported total; the tokens are those of the last
    /// try.
    bool complete = false;
    std::uint64_t tokens = 0;                      ///< unique ids
    std::uint64_t duplicates = 0;                  ///< ids that were listed again
    std::optional<std::uint64_t> reported_tokens;  ///< the API's own total, as last reported
    base::Timestamp as_of;                         ///< the scan's one `now`
    /// When the listing began by Datadog's clock (the first page's `asked_at`), by ours where it gave none.
    base::Timestamp began;
};

/// Whether more than a tenth of the total is missing.
[[nodiscard]] constexpr bool lacks_much(std::uint64_t tokens, std::optional<std::uint64_t> reported_tokens) {
    constexpr std::uint64_t part = 10;
    return reported_tokens && tokens < *reported_tokens - *reported_tokens / part;
}

/// Receives the readings of a listing. A scan calls `begin`, then `add` for each unique token, then `finish`;
/// all that again where the reading contradicts itself; in the end `publish`, or nothing more when it failed.
class ListingSink {
  public:
    virtual ~ListingSink() = default;
    /// A reading starts: whatever `add` brought since the last `finish` is void.
    virtual void begin(base::Timestamp now) = 0;
    /// A token that was not in the listing so far. Its texts are valid until the call returns.
    ///
    /// @return false: the listing has more distinct scopes than the sink counts; the reading has failed
    [[nodiscard]] virtual bool add(const datadog::Token& token) = 0;
    /// The reading is over. It replaces the one that was finished before it.
    virtual void finish() = 0;
    /// The reading that was finished last is what the listing is.
    virtual void publish(const Listing& listing) = 0;
};

}  // namespace exporter::scan
