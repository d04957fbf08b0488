// The benchmarks' only dependency on how the exporter counts a page. If that interface changes, only this
// file has to change.
#pragma once

#include "base/text_hash.h"
#include "config/config.h"
#include "datadog/page.h"
#include "inventory/builder.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::comparison {

/// A page as the client returns it.
[[nodiscard]] inline datadog::Page parsed(std::string_view json) {
    datadog::Page page;
    page.body.reserve(json.size() + 1);
    page.body.assign(json.begin(), json.end());
    page.body.push_back('\0');
    if (!datadog::parse_page(page)) {
        throw std::runtime_error("a page that can't be parsed");
    }
    return page;
}

/// The program's default rules.
[[nodiscard]] inline inventory::Rules default_rules() {
    const config::Config config;
    inventory::Rules rules{.expiry = inventory::BucketScheme::expiry(config.buckets.expiry),
                           .last_used = inventory::BucketScheme::last_used(config.buckets.last_used),
                           .age = inventory::BucketScheme::age(config.buckets.age)};
    rules.privileged_scopes = {config.scopes.privileged.begin(), config.scopes.privileged.end()};
    return rules;
}

[[nodiscard]] inline std::size_t distinct_ids(const std::vector<datadog::Page>& pages) {
    base::IdSet ids;
    for (const auto& page : pages) {
        for (const auto& token : page.tokens) {
            ids.insert(token.id);
        }
    }
    return ids.size();
}

[[nodiscard]] inline inventory::InventoryBuilder::Built counted(
    const inventory::Rules& rules, const std::vector<datadog::Page>& pages, base::Timestamp now,
    std::shared_ptr<const inventory::Census> previous) {
    inventory::InventoryBuilder builder(rules, now, std::move(previous));
    for (const auto& page : pages) {
        for (const auto& token : page.tokens) {
            if (!builder.add(token)) {
                throw std::length_error("more distinct scopes than there may be");
            }
        }
    }
    return std::move(builder).build(true, now);
}

/// What a poll of one organization publishes.
[[nodiscard]] inline std::shared_ptr<const metrics::Exposition> published(
    const std::shared_ptr<const inventory::Inventory>& inventory) {
    const std::vector organizations = {metrics::render_lines({"default", inventory, {}})};
    return metrics::join(organizations);
}

}  // namespace exporter::comparison
