#include "app/check.h"

#include "app/source.h"
#include "datadog/client.h"
#include "scan/reading.h"

#include <fmt/format.h>

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
        text += fmt::format("; rows that can't be read, without an id that is a text: {}", unreadable);
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
        text += "; all have one owner: org_app_keys_read is needed to see everybody's";
    }
    return text;
}

bool failed(const std::string& who, const datadog::Error& error) {
    fmt::print("{}: failed: {}: {} ({})\n", who, datadog::label(error.kind), error.message,
               datadog::advice(error));
    return false;
}

bool check(const config::Organization& organization, const config::Config& config,
           const std::shared_ptr<datadog::Commons>& commons) {
    const std::unique_ptr<Source> source = make_source(organization, config, commons);
    datadog::Result<void> ready = source->prepare();
    const std::string who = fmt::format("{} ({})", organization.name, organization.endpoint.url());
    if (!ready) {
        fmt::print("{}: failed: {}: {}\n", who, datadog::label(ready.error().kind), ready.error().message);
        return false;
    }
    const datadog::Answer answer = source->page(0, std::chrono::steady_clock::now() + config.poll.timeout);
    if (!answer.page) {
        return failed(who, answer.page.error());
    }
    // A poll fails at such a page too: that is no organization without tokens.
    if (answer.page->tokens.empty() && answer.page->facts.elements > 0) {
        return failed(who, scan::rows_unreadable(0, answer.page->facts.elements, 0));
    }
    fmt::print("{}: {}\n", who, seen(answer, organization.filter.empty() && organization.owned_by.empty()));
    return true;
}

}  // namespace

int check(const config::Config& config) {
    const auto commons = std::make_shared<datadog::Commons>(config.ca_file);
    bool all_well = true;
    for (const config::Organization& organization : config.organizations) {
        all_well = check(organization, config, commons) && all_well;
    }
    return all_well ? 0 : 1;
}

}  // namespace exporter::app
