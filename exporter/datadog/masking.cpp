#include "datadog/masking.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace exporter::datadog {

namespace {

constexpr std::size_t shortest_run = 8;
/// Below it every other word would be masked, and no credential of Datadog's is that short.
constexpr std::size_t shortest_secret = 4;
constexpr std::string_view mask = "<secret>";

/// Length of the longest beginning of `text` that is part of `secret`; 0 where that is shorter than a run,
/// unless it is the whole secret.
std::size_t run_length(std::string_view text, std::string_view secret) {
    const std::size_t least = std::min(shortest_run, secret.size());
    if (secret.size() < shortest_secret || text.size() < least) {
        return 0;
    }
    std::size_t longest = 0;
    for (std::size_t at = secret.find(text.substr(0, least)); at != std::string_view::npos;
         at = secret.find(text.substr(0, least), at + 1)) {
        std::size_t length = least;
        while (length < text.size() && at + length < secret.size() && text[length] == secret[at + length]) {
            ++length;
        }
        longest = std::max(longest, length);
    }
    return longest;
}

void mask_secret(std::string& text, const std::optional<config::Secret>& secret) {
    if (!secret) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = run_length(std::string_view(text).substr(at), secret->expose());
        if (length > 0) {
            text.replace(at, length, mask);
            at += mask.size();
        } else {
            ++at;
        }
    }
}

}  // namespace

void mask_secrets(std::string& text, const config::Credentials& credentials) {
    mask_secret(text, credentials.api_key);
    mask_secret(text, credentials.app_key);
    mask_secret(text, credentials.bearer_token);
}

}  // namespace exporter::datadog
