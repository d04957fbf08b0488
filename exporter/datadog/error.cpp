#include "datadog/error.h"

#include "base/text.h"

#include <array>

namespace exporter::datadog {

namespace {

struct KindRow {
    ErrorKind kind;
    std::string_view label;
    std::string_view advice;
};

constexpr std::array<KindRow, error_kind_count> kind_rows = {{
    {ErrorKind::credentials, "credentials",
     "check that the secret file exists, is readable by the exporter's user and holds one line"},
    {ErrorKind::dns, "dns", "check the site's spelling, the resolver and the network policy for port 53"},
    {ErrorKind::connect, "connect", "check egress to port 443, the proxy variables and the firewall"},
    {ErrorKind::tls, "tls",
     "check the machine's clock and CA certificates; behind an intercepting proxy set --datadog.ca-file"},
    {ErrorKind::timeout, "timeout",
     "the API or the network is slow: see --poll.timeout, and status.datadoghq.com"},
    {ErrorKind::network, "network",
     "the connection broke half-way: check the proxies and load balancers in between"},
    {ErrorKind::too_large, "too_large",
     "an answer is larger than any should be: lower --poll.page-size, and check the proxies in between"},
    {ErrorKind::redirect, "redirect",
     "the API does not redirect: check --datadog.base-url and any proxy in between"},
    {ErrorKind::bad_request, "bad_request", "check --tokens.filter and --tokens.owned-by"},
    {ErrorKind::unauthorized, "unauthorized",
     "the credentials are not valid on this site: check the keys, that --datadog.site matches them, and that "
     "they have org_app_keys_read"},
    {ErrorKind::forbidden, "forbidden",
     "wrong site for these keys, or they lack org_app_keys_read (or user_app_keys, which lists only their "
     "owner's tokens)"},
    {ErrorKind::not_found, "not_found",
     "this host does not serve the API: check --datadog.site or --datadog.base-url"},
    {ErrorKind::rate_limited, "rate_limited",
     "the organization's API limit is used up: raise --poll.interval, find out who else calls the API, or "
     "lower --poll.rate-limit-reserve if it leaves too little for a listing"},
    {ErrorKind::server_error, "server_error", "Datadog failed to answer: see status.datadoghq.com"},
    {ErrorKind::bad_status, "bad_status",
     "the API does not answer like this: check --datadog.base-url and proxies"},
    {ErrorKind::not_json, "not_json",
     "a proxy may have answered in the API's place, or cut the answer short: check --datadog.base-url and "
     "proxies"},
    {ErrorKind::bad_page, "bad_page",
     "the API's answer has a format that this version does not know: look for a newer version"},
    {ErrorKind::endless, "endless",
     "the listing has no end, or more tokens or scopes than allowed: if the organization really has that "
     "many, raise --poll.max-tokens or --poll.max-scopes, and the memory limit"},
    {ErrorKind::short_listing, "short_listing",
     "far fewer tokens are listed than Datadog reports: see status.datadoghq.com, or many were just removed; "
     "the previous numbers stay until they are stale"},
    {ErrorKind::cancelled, "cancelled", "the exporter is shutting down"},
    {ErrorKind::internal, "internal",
     "a bug in the exporter, or out of memory: report this with the exporter's version"},
}};

constexpr bool rows_follow_the_enumeration() {
    for (std::size_t i = 0; i < kind_rows.size(); ++i) {
        if (static_cast<std::size_t>(kind_rows[i].kind) != i) {
            return false;
        }
    }
    return true;
}
static_assert(rows_follow_the_enumeration());

const KindRow& row_of(ErrorKind kind) {
    return kind_rows[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view label(ErrorKind kind) {
    return row_of(kind).label;
}

std::string_view advice(ErrorKind kind) {
    return row_of(kind).advice;
}

std::string_view advice(const Error& error) {
    return error.advice.empty() ? advice(error.kind) : error.advice;
}

std::string one_line(std::string_view untrusted) {
    constexpr std::size_t longest = 200;
    std::string line;
    for (const char c : untrusted) {
        if (line.size() >= longest) {
            line += "...";
            break;
        }
        const bool is_within_a_character = (static_cast<unsigned char>(c) & 0xC0U) == 0x80;  // of UTF-8
        if (base::is_control(c) || c == ' ') {
            line += line.empty() || line.back() == ' ' ? "" : " ";
        } else if (!is_within_a_character) {
            // Non-ASCII text in an error is not worth the risk of control characters and homoglyphs.
            line += base::is_visible(c) ? c : '?';
        }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace exporter::datadog
