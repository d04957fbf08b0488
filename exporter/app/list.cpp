#include "app/monitoring.h"
#include "app/organization_monitor.h"
#include "app/owners.h"
#include "app/run.h"
#include "app/token_list.h"
#include "base/words.h"
#include "inventory/details.h"
#include "inventory/label_text.h"
#include "scan/poller.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

using Monitors = std::vector<std::unique_ptr<OrganizationMonitor>>;

/// The properties of standard output.
Terminal terminal_of(const config::Environment& environment) {
    Terminal terminal;
    if (::isatty(STDOUT_FILENO) == 0) {
        return terminal;
    }
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal.columns = size.ws_col;
    }
    // https://no-color.org: any value except an empty one.
    terminal.colours =
        config::variable(environment, "NO_COLOR").empty() && config::variable(environment, "TERM") != "dumb";
    return terminal;
}

Monitors poll_all(const config::Config& config, Log& log) {
    const Surroundings surroundings{log, std::make_shared<datadog::Commons>(config.ca_file)};
    Monitors monitors;
    std::vector<scan::Dispatcher::Member> members;
    for (const config::Organization& organization : config.organizations) {
        monitors.push_back(std::make_unique<OrganizationMonitor>(organization, config, surroundings, [] {}));
        members.push_back({&monitors.back()->poller(), monitors.back().get()});
    }
    scan::Dispatcher(std::move(members), surroundings.clock, workers_for(config)).run_once();
    return monitors;
}

/// For the owners of all organizations together: people shouldn't wait much longer for names.
constexpr std::chrono::seconds longest_lookup{30};

/// The owners' names, as labels, by owner id.
using OwnerNames = std::map<std::string, std::string, std::less<>>;

/// Marks owners who can't log in or no longer exist. The mark comes first, so that a table doesn't cut it
/// off.
OwnerNames names_of(const Owners& owners) {
    OwnerNames names;
    for (const auto& [id, user] : owners.users) {
        const std::string name = inventory::label_text(datadog::display_name(user));
        if (user.disabled) {
            names.emplace(id, "(disabled) " + (name.empty() ? id : name));
        } else if (!name.empty()) {
            names.emplace(id, name);
        }
    }
    for (const std::string& id : owners.gone) {
        names.emplace(id, "(gone) " + id);
    }
    return names;
}

datadog::RateLimit last_known_limit(const scan::Statistics& statistics, base::Timestamp now) {
    datadog::RateLimit limit{.limit = statistics.rate_limit, .remaining = statistics.rate_limit_remaining};
    if (statistics.rate_limit_reset && *statistics.rate_limit_reset > now) {
        limit.reset = std::chrono::ceil<std::chrono::seconds>(*statistics.rate_limit_reset - now);
    }
    return limit;
}

/// Looks up the owners of the listed tokens.
Owners owners_of(OrganizationMonitor& monitor, const metrics::Snapshot& snapshot,
                 const config::Config& config, scan::SteadyTime deadline, Log& log) {
    std::vector<std::string_view> ids;
    for (const inventory::TokenDetail& token : snapshot.inventory->details) {
        ids.push_back(token.owner_id);
    }
    scan::Clock& clock = scan::system_clock();
    const OwnerOptions options{
        .time_budget = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.steady_now()),
        .reserve_percent = static_cast<int>(config.poll.rate_limit_reserve),
        .last_known = last_known_limit(snapshot.statistics, clock.now())};
    Owners owners = look_up_owners(monitor.source(), ids, options, clock);
    monitor.source().release();
    if (!owners.remark.empty()) {
        log.warn("some owners are shown by id", {{"org", snapshot.org}, {"reason", owners.remark}});
    }
    return owners;
}

/// What is listed for one organization.
struct Listing {
    metrics::Snapshot snapshot;
    OwnerNames owners = {};
};

bool print(const std::string& text, Log& log) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
        return true;
    }
    if (errno != EPIPE) {  // With `| head`, the reader has closed the pipe.
        log.error("the list can't be written to standard output",
                  {{"error", std::system_category().message(errno)}});
    }
    return false;
}

}  // namespace

int list(const config::Config& config, const config::Environment& environment, Log& log) {
    const Monitors monitors = poll_all(config, log);
    const scan::SteadyTime deadline = scan::system_clock().steady_now() + longest_lookup;
    bool all_well = true;
    std::deque<Listing> listings;  // A deque, because the listed tokens point into its elements.
    std::vector<ListedToken> tokens;
    inventory::Count listed_from = 0;
    for (const auto& monitor : monitors) {
        Listing& listing = listings.emplace_back(monitor->snapshot());
        const inventory::Inventory* const inventory = listing.snapshot.inventory.get();
        if (inventory == nullptr) {
            all_well = false;  // The monitor has logged why.
            continue;
        }
        if (config.list.owners) {
            listing.owners = names_of(owners_of(*monitor, listing.snapshot, config, deadline, log));
        }
        for (const inventory::TokenDetail& token : inventory->details) {
            const auto owner = listing.owners.find(token.owner_id);
            tokens.push_back({listing.snapshot.org, &token, &inventory->scope_names,
                              owner == listing.owners.end() ? std::string() : owner->second});
        }
        listed_from += inventory->tokens;
        if (const inventory::Count omitted = inventory->details_omitted.value_or(0); omitted > 0) {
            log.error(
                "tokens are missing from the list: together they have too many scopes; name the findings to "
                "list",
                {{"org", listing.snapshot.org}, {"tokens", omitted}});
            all_well = false;
        }
    }
    std::ranges::stable_sort(tokens, inventory::is_worse,
                             [](const ListedToken& listed) -> const auto& { return *listed.token; });
    std::string text =
        token_list(config.list.format, tokens, terminal_of(environment), scan::system_clock().now());
    if (config.list.format == config::ListFormat::table) {
        text += fmt::format("{} of {}\n", base::number_text(tokens.size()),
                            base::count_text(listed_from, "token", "tokens"));
    }
    return print(text, log) && all_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace exporter::app
