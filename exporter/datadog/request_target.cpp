#include "datadog/client.h"

#include <fmt/format.h>

namespace exporter::datadog {

namespace {

/// RFC 3986, 2.3: everything but the unreserved characters is percent-encoded, brackets of `page[size]`
/// included.
std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos) {
            encoded.push_back(c);
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
    }
    return encoded;
}

void append_argument(std::string& target, std::string_view key, std::string_view value) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += percent_encoded(key) + "=" + percent_encoded(value);
}

}  // namespace

std::string request_target(const PageRequest& request) {
    std::string target = "/api/v2/personal_access_tokens";
    append_argument(target, "page[size]", std::to_string(request.size));
    append_argument(target, "page[number]", std::to_string(request.number));
    if (!request.sort.empty()) {
        append_argument(target, "sort", request.sort);
    }
    if (!request.filter.empty()) {
        append_argument(target, "filter", request.filter);
    }
    for (const std::string& owner : request.owned_by) {
        append_argument(target, "filter[owned_by]", owner);
    }
    return target;
}

}  // namespace exporter::datadog
