#include "datadog/masking.h"

#include "datadog/base64.h"

#include <algorithm>
#include <cstddef>
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

void mask_runs(std::string& text, std::string_view secret) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = run_length(std::string_view(text).substr(at), secret);
        if (length > 0) {
            text.replace(at, length, mask);
            at += mask.size();
        } else {
            ++at;
        }
    }
}

void mask_base64(std::string& text, std::string_view secret) {
    constexpr std::size_t group = 4;
    // What is encoded may begin before the secret, at any of the three places of a group.
    for (std::size_t before = 0; before < 3; ++before) {
        const std::string encoded = base64(std::string(before, '\0').append(secret));
        // The outermost groups also tell of what stands beside the secret.
        const std::size_t begin = before == 0 ? 0 : group;
        if (encoded.size() >= begin + group + shortest_run) {
            std::string inner = encoded.substr(begin, encoded.size() - begin - group);
            mask_runs(text, inner);
            std::replace(inner.begin(), inner.end(), '+', '-');
            std::replace(inner.begin(), inner.end(), '/', '_');
            mask_runs(text, inner);
        }
    }
}

}  // namespace

void mask_secret(std::string& text, std::string_view secret) {
    mask_runs(text, secret);
    mask_base64(text, secret);
}

void mask_secrets(std::string& text, const config::Credentials& credentials) {
    for (const auto* secret : {&credentials.api_key, &credentials.app_key, &credentials.bearer_token}) {
        if (*secret) {
            mask_secret(text, (*secret)->expose());
        }
    }
}

void mask_proxy(std::string& text, const config::Proxy& proxy) {
    if (!proxy.user.empty()) {
        mask_runs(text, base64((proxy.user + ":").append(proxy.password.expose())));
    }
    // Some proxies take a token as the user, and no password.
    mask_secret(text, proxy.password.empty() ? std::string_view(proxy.user) : proxy.password.expose());
}

}  // namespace exporter::datadog
