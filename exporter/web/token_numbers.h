// What a listing says, in the numbers that the status page shows, and their markup: a picture, a table that
// says the same, and the findings.
#pragma once

#include "web/html.h"
#include "web/words.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace exporter::web {

/// What an expiry bucket's colour and words follow from; its name is the configuration's.
enum class BucketKind : std::uint8_t { expired, ahead, never, unreadable };

struct ExpiryBucket {
    std::string name;  ///< the label's value, such as `1d_to_7d`
    BucketKind kind = BucketKind::ahead;

    bool operator==(const ExpiryBucket&) const = default;
};

struct TypeCounts {
    std::string type;                   ///< `personal`, `service`, `other`
    std::vector<std::uint64_t> counts;  ///< by bucket
};

struct Finding {
    std::string reason;                   ///< the label's value, such as `never_expires_privileged`
    std::string meaning;                  ///< a sentence's end: "tokens that …"
    std::optional<std::uint64_t> tokens;  ///< nullopt: Datadog says nothing about it
};

/// Of one listing, or of several added up. Constant once it is shown.
struct TokenNumbers {
    Moment as_of;
    std::uint64_t tokens = 0;
    std::vector<ExpiryBucket> buckets;  ///< in their order
    std::vector<TypeCounts> types;      ///< each token once
    std::vector<Finding> findings;      ///< the most serious first; they overlap

    bool complete = true;                   ///< the listing did not contradict itself
    std::optional<std::uint64_t> reported;  ///< tokens by the API's own total
    std::uint64_t duplicates = 0;
    bool one_owner = false;                   ///< several tokens, all of one owner, though no filter is set
    std::optional<Moment> credential_expiry;  ///< of the exporter's own token
};

/// Adds counts and findings of `more`, whose buckets, types and findings are the same or the sum's first;
/// what has other buckets is left out. `as_of` becomes the earlier one.
void add(TokenNumbers& sum, const TokenNumbers& more);

/// A bar for each type, cut by expiry, and the table that it is drawn from.
[[nodiscard]] Html expiry_picture(const TokenNumbers& numbers);

/// Each finding with its number and meaning.
[[nodiscard]] Html findings_table(const TokenNumbers& numbers);

}  // namespace exporter::web
