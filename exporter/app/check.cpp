#include "app/run.h"
#include "app/source.h"
#include "base/address.h"
#include "base/descriptor.h"
#include "datadog/client.h"
#include "datadog/transport.h"
#include "scan/reading.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <set>
#include <string>

namespace exporter::app {

namespace {

std::string seen(const datadog::Answer& answer, bool lists_everything) {
    const datadog::Page& page = *answer.page;
    const auto total = page.facts.total_filtered_count;
    std::string text = fmt::format("answered in {:.0f} ms with {} tokens",
                                   1000 * answer.exchange.duration.count(), page.tokens.size());
    if (total) {
        text += fmt::format(" of {}", *total);
    }
    if (const std::size_t unreadable = page.facts.elements - page.tokens.size()) {
        text += fmt::format("; rows that can't be read for lack of a string id: {}", unreadable);
    }
    const datadog::RateLimit& limit = answer.exchange.rate_limit;
    if (limit.limit && limit.remaining) {
        text +=
            fmt::format("; {} of {} requests left in this rate limit period", *limit.remaining, *limit.limit);
    }
    std::set<std::string_view> owners;
    for (const datadog::Token& token : page.tokens) {
        owners.insert(token.owner_id);
    }
    if (lists_everything && page.tokens.size() > 1 && owners.size() == 1) {
        text += "; all have one owner: seeing everybody's tokens takes org_app_keys_read";
    }
    return text;
}

datadog::Result<datadog::Answer> first_page_of(Source& source, std::chrono::milliseconds timeout) {
    datadog::Answer answer = scan::fetch(
        source, {.page = 0, .deadline = std::chrono::steady_clock::now() + timeout, .begins_poll = true});
    if (!answer.page) {
        return tl::unexpected(answer.page.error());
    }
    // A poll fails at such a page too: it does not mean an organization without tokens.
    if (answer.page->tokens.empty() && answer.page->facts.elements > 0) {
        return tl::unexpected(scan::rows_unreadable(0, answer.page->facts.elements, 0));
    }
    return answer;
}

bool check_organization(const config::Organization& organization, const config::Config& config,
                        const std::shared_ptr<datadog::Commons>& commons) {
    const std::unique_ptr<Source> source = make_source(organization, config, commons);
    const auto answer = first_page_of(*source, config.poll.timeout);
    const std::string who = fmt::format("{} ({})", organization.name, organization.endpoint.url());
    if (!answer) {
        fmt::print("{}: failed: {}: {} ({})\n", who, datadog::label(answer.error().kind),
                   answer.error().message, datadog::advice(answer.error()));
        return false;
    }
    fmt::print("{}: {}\n", who, seen(*answer, organization.filter.empty() && organization.owned_by.empty()));
    return true;
}

using namespace std::chrono_literals;

/// Must be less than a container's HEALTHCHECK timeout, five seconds.
constexpr std::chrono::milliseconds patience = 4s;

/// Upper limit, for operations that can't be interrupted (a DNS lookup, a Unix socket that accepts no
/// connection).
constexpr std::chrono::milliseconds longest = patience + 500ms;

/// The server to request from, and its name in messages.
struct Target {
    datadog::Transport::Target server;
    std::string path;  ///< path and query
    std::string name;
};

/// In a container without IPv6, a server on `[::]` still listens, but `::1` does not exist.
bool has_ipv6_loopback() {
    const base::Descriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// The address at which a server that listens on `host` can be reached from the same machine.
std::string reachable(const std::string& host) {
    const auto address = base::parse_ip(host);
    const bool is_any = host.empty() || (address && std::all_of(address->bytes.begin(), address->bytes.end(),
                                                                [](auto byte) { return byte == 0; }));
    if (!is_any) {
        return host;
    }
    return address && address->bits == 128 && has_ipv6_loopback() ? "::1" : "127.0.0.1";
}

Target own(const config::Web& web, bool encrypted) {
    const bool has_own_address = !web.probe_listen_addresses.empty();
    const config::ListenAddress& address =
        has_own_address ? web.probe_listen_addresses.front() : web.listen_addresses.front();
    const bool tls = encrypted && !has_own_address;
    const std::string path = "/healthz";
    if (!address.unix_path.empty()) {
        // A Unix socket has no host name, and TLS doesn't accept an empty one.
        return {{{.tls = tls, .host = "localhost", .port = 1}, address.unix_path},
                path,
                fmt::format("unix:{}{}", address.unix_path, path)};
    }
    const config::Endpoint endpoint{.tls = tls, .host = reachable(address.host), .port = address.port};
    return {{endpoint}, path, endpoint.url() + path};
}

}  // namespace

int check(const config::Config& config) {
    const auto commons = std::make_shared<datadog::Commons>(config.ca_file);
    bool all_well = true;
    for (const config::Organization& organization : config.organizations) {
        all_well = check_organization(organization, config, commons) && all_well;
    }
    return all_well ? 0 : 1;
}

int probe(const config::Config& config, bool encrypted) {
    const auto& url = config.probe_url;
    const Target target = url ? Target{{url->endpoint}, url->path, url->endpoint.url() + url->path}
                              : own(config.web, encrypted);
    auto answer = std::async(std::launch::async,
                             [&target] { return datadog::status_of(target.server, target.path, patience); });
    const bool in_time = answer.wait_for(longest) == std::future_status::ready;
    const datadog::Result<int> status =
        in_time ? answer.get() : tl::unexpected(datadog::Error{datadog::ErrorKind::timeout, "none in time"});
    if (status && (*status == 200 || *status == 401)) {
        return 0;
    }
    fmt::print(
        stderr, "datadog_token_exporter: {}: {}\n", target.name,
        status ? fmt::format("answered {}", *status) : fmt::format("no answer ({})", status.error().message));
    if (!in_time) {
        std::_Exit(1);  // The requesting thread is still blocked.
    }
    return 1;
}

}  // namespace exporter::app
