#include "metrics/samples.h"

#include <algorithm>
#include <random>
#include <utility>

namespace exporter::metrics::samples {

namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::ByBucket;
using inventory::ByOwner;
using inventory::Count;
using inventory::Inventory;

template <class T, class Make>
void fill(ByOwner<T>& values, const Make& make) {
    for (std::size_t token = 0; token < datadog::token_type_count; ++token) {
        for (std::size_t owner = 0; owner < datadog::owner_type_count; ++owner) {
            values.at(static_cast<TokenType>(token), static_cast<OwnerType>(owner)) = make();
        }
    }
}

ByBucket zeros(std::size_t buckets) {
    ByBucket counts;
    fill(counts, [buckets] { return std::vector<Count>(buckets); });
    return counts;
}

/// Reproducible random numbers, the same with every standard library.
class Numbers {
  public:
    explicit Numbers(std::uint64_t seed) : engine_(seed) {}

    Count below(Count bound) { return engine_() % bound; }
    Count positive() { return 1 + below(1000); }
    base::Timestamp moment() { return noon + std::chrono::microseconds(engine_() % 1'000'000'000'000); }

    ByBucket counts(std::size_t buckets) {
        ByBucket counts = zeros(buckets);
        fill(counts, [this, buckets] {
            std::vector<Count> of_pair(buckets);
            std::generate(of_pair.begin(), of_pair.end(), [this] { return positive(); });
            return of_pair;
        });
        return counts;
    }

  private:
    std::mt19937_64 engine_;
};

Count sum_of(const ByBucket& counts) {
    Count sum = 0;
    for (std::size_t token = 0; token < datadog::token_type_count; ++token) {
        for (std::size_t owner = 0; owner < datadog::owner_type_count; ++owner) {
            for (const Count count :
                 counts.at(static_cast<TokenType>(token), static_cast<OwnerType>(owner))) {
                sum += count;
            }
        }
    }
    return sum;
}

inventory::TokenDetail detail(std::string id, Numbers& numbers) {
    inventory::TokenDetail token;
    token.findings = inventory::FindingSet(1 + numbers.below(3));
    token.id = std::move(id);
    token.name = "a \"quoted\\name\"\nwith a second line";
    token.type = TokenType::service;
    token.owner_type = OwnerType::service_account;
    token.owner_id = "owner-" + std::to_string(numbers.below(10));
    token.expires_at = numbers.moment();
    token.last_used_at = numbers.moment();
    token.created_at = numbers.moment();
    return token;
}

}  // namespace

Inventory empty_inventory() {
    Inventory inventory;
    inventory.as_of = noon;
    inventory.expiry_buckets = {"expired", "under_7d", "never"};
    inventory.last_used_buckets = {"never", "over_90d"};
    inventory.age_buckets = {"under_30d", "over_30d"};
    inventory.by_expiry = zeros(3);
    inventory.unscoped = zeros(3);
    inventory.privileged = zeros(3);
    inventory.by_last_use = zeros(2);
    inventory.by_age = zeros(2);
    for (const auto& [token, owner] : inventory::type_pairs) {
        if (inventory::is_natural(token, owner)) {
            inventory.shown.by_expiry.at(token, owner) = (1U << 3) - 1;
            inventory.shown.at_risk.at(token, owner) = (1U << inventory::finding_count) - 1;
        }
    }
    return inventory;
}

void show_everything(Inventory& inventory) {
    const inventory::Cells all = inventory::Cells().set();
    inventory.shown = {.by_expiry = ByOwner(all),
                       .unscoped = ByOwner(all),
                       .privileged = ByOwner(all),
                       .by_last_use = ByOwner(all),
                       .by_age = ByOwner(all),
                       .at_risk = ByOwner(all)};
}

void show_what_is_above_zero(Inventory& inventory) {
    inventory::Shown& shown = inventory.shown;
    for (const auto& [cells, counts] : {std::pair(&shown.by_expiry, &inventory.by_expiry),
                                        {&shown.unscoped, &inventory.unscoped},
                                        {&shown.privileged, &inventory.privileged},
                                        {&shown.by_last_use, &inventory.by_last_use},
                                        {&shown.by_age, &inventory.by_age}}) {
        for (const auto& [token, owner] : inventory::type_pairs) {
            for (std::size_t bucket = 0; bucket < counts->at(token, owner).size(); ++bucket) {
                if (counts->at(token, owner)[bucket] > 0) {
                    cells->at(token, owner).set(bucket);
                }
            }
        }
    }
    for (const auto& [token, owner] : inventory::type_pairs) {
        for (std::size_t place = 0; place < inventory::finding_count; ++place) {
            if (inventory.at_risk[place].at(token, owner) > 0) {
                shown.at_risk.at(token, owner).set(place);
            }
        }
    }
}

Inventory full_inventory(std::uint64_t seed) {
    Numbers numbers(seed);
    Inventory inventory = empty_inventory();
    show_everything(inventory);
    inventory.by_expiry = numbers.counts(3);
    inventory.unscoped = numbers.counts(3);
    inventory.privileged = numbers.counts(3);
    inventory.by_last_use = numbers.counts(2);
    inventory.by_age = numbers.counts(2);
    inventory.tokens = sum_of(inventory.by_expiry);
    for (ByOwner<Count>& counts : inventory.at_risk) {
        fill(counts, [&numbers] { return numbers.positive(); });
    }
    inventory.leaks_reported = true;
    fill(inventory.owners, [&numbers] { return numbers.positive(); });
    inventory.scope_grants.push_back({"dashboards_read", numbers.counts(3)});
    inventory.scope_grants.push_back({"other", numbers.counts(3)});
    inventory.distinct_scopes = numbers.positive();
    inventory.folded_scopes = numbers.positive();
    fill(inventory.next_expiry, [&numbers] { return numbers.moment(); });
    fill(inventory.next_expiry_in_use, [&numbers] { return numbers.moment(); });
    fill(inventory.oldest_creation, [&numbers] { return numbers.moment(); });
    inventory.credential_expiry = numbers.moment();
    inventory.details.push_back(detail("token-a", numbers));
    inventory.details.push_back(detail("token-b", numbers));
    inventory.details_omitted = numbers.positive();
    inventory.single_owner = true;
    for (auto* const counts :
         {&inventory.churn.created, &inventory.churn.removed, &inventory.churn.scope_changes}) {
        std::generate(counts->begin(), counts->end(), [&numbers] { return numbers.positive(); });
    }
    inventory.churn.late = numbers.positive();
    return inventory;
}

scan::Statistics full_statistics(std::uint64_t seed) {
    Numbers numbers(seed);
    scan::Statistics statistics;
    statistics.polls = numbers.positive();
    std::generate(statistics.failures.begin(), statistics.failures.end(),
                  [&numbers] { return numbers.positive(); });
    statistics.last_poll_succeeded = true;
    statistics.last_attempt = numbers.moment();
    statistics.last_success = numbers.moment();
    statistics.last_duration = std::chrono::milliseconds(numbers.positive());
    statistics.last_pages = numbers.positive();
    statistics.listing = {.complete = true,
                          .tokens = numbers.positive(),
                          .duplicates = numbers.positive(),
                          .reported_tokens = numbers.positive(),
                          .as_of = noon,
                          .began = noon};
    std::generate(statistics.unparsed.begin(), statistics.unparsed.end(),
                  [&numbers] { return numbers.positive(); });
    statistics.requests = {{0, numbers.positive()}, {200, numbers.positive()}, {429, numbers.positive()}};
    for (int i = 0; i < 40; ++i) {
        statistics.request_durations.observe(std::chrono::milliseconds(numbers.below(40'000)));
    }
    std::generate(statistics.retries.begin(), statistics.retries.end(),
                  [&numbers] { return numbers.positive(); });
    statistics.response_bytes = numbers.below(1'000'000'000);
    statistics.rate_limit = 300;
    statistics.rate_limit_remaining = 0;
    statistics.rate_limit_reset = numbers.moment();
    return statistics;
}

Snapshot snapshot_of(std::string org, Inventory inventory) {
    return {std::move(org), std::make_shared<const Inventory>(std::move(inventory)), {}};
}

Snapshot full_snapshot(std::string org, std::uint64_t seed) {
    Snapshot snapshot = snapshot_of(std::move(org), full_inventory(seed));
    snapshot.statistics = full_statistics(seed);
    return snapshot;
}

Snapshot small_snapshot() {
    Inventory inventory = empty_inventory();
    inventory.tokens = 3;
    inventory.by_expiry.at(TokenType::personal, OwnerType::user) = {0, 2, 0};
    inventory.by_expiry.at(TokenType::service, OwnerType::unknown) = {0, 0, 1};
    inventory.unscoped.at(TokenType::service, OwnerType::unknown) = {0, 0, 1};
    inventory.privileged.at(TokenType::personal, OwnerType::user) = {0, 1, 0};
    inventory.by_last_use.at(TokenType::personal, OwnerType::user) = {1, 1};
    inventory.by_last_use.at(TokenType::service, OwnerType::unknown) = {1, 0};
    inventory.by_age.at(TokenType::personal, OwnerType::user) = {2, 0};
    inventory.by_age.at(TokenType::service, OwnerType::unknown) = {0, 1};
    inventory.at_risk[static_cast<std::size_t>(inventory::Finding::never_expires)].at(TokenType::service,
                                                                                      OwnerType::unknown) = 1;
    inventory.owners.at(TokenType::personal, OwnerType::user) = 2;
    inventory.scope_grants.emplace_back().scope = "dashboards_read";
    inventory.scope_grants.back().grants.at(TokenType::personal, OwnerType::user) = {0, 2, 0};
    inventory.distinct_scopes = 1;
    inventory.next_expiry.at(TokenType::personal, OwnerType::user) =
        noon + std::chrono::hours(24) + std::chrono::milliseconds(250);
    inventory.oldest_creation.at(TokenType::service, OwnerType::unknown) =
        noon - std::chrono::hours(24 * 400);
    inventory.churn.created = {2, 0, 0};
    show_what_is_above_zero(inventory);

    Snapshot snapshot = snapshot_of("default", std::move(inventory));
    scan::Statistics& statistics = snapshot.statistics;
    statistics.polls = 2;
    statistics.failures[static_cast<std::size_t>(datadog::ErrorKind::timeout)] = 1;
    statistics.last_poll_succeeded = true;
    statistics.last_attempt = noon;
    statistics.last_success = noon;
    statistics.last_duration = std::chrono::milliseconds(1500);
    statistics.last_pages = 1;
    statistics.listing = {
        .complete = true, .tokens = 3, .duplicates = 0, .reported_tokens = 3, .as_of = noon, .began = noon};
    statistics.requests = {{0, 1}, {200, 1}};
    statistics.request_durations.observe(std::chrono::milliseconds(300));
    statistics.response_bytes = 4096;
    return snapshot;
}

ExporterStatus exporter_status() {
    return {"1.2.3", "0123456789ab", "GNU 12.2.0", 3, {{"web", {true, noon}}}, read_process(noon)};
}

std::vector<prometheus::MetricFamily> collect_everything() {
    auto families = collect({full_snapshot("production", 1), full_snapshot("sandbox", 2)});
    const auto more = families_of(exporter_status());
    families.insert(families.end(), more.begin(), more.end());
    return families;
}

const prometheus::MetricFamily* find(const std::vector<prometheus::MetricFamily>& families,
                                     std::string_view name) {
    const auto found = std::find_if(families.begin(), families.end(),
                                    [name](const auto& family) { return family.name == name; });
    return found == families.end() ? nullptr : &*found;
}

Labels labels_of(const prometheus::ClientMetric& series) {
    Labels labels;
    for (const auto& label : series.label) {
        labels[label.name] = label.value;
    }
    return labels;
}

double value_of(const prometheus::MetricFamily& family, const prometheus::ClientMetric& series) {
    return family.type == prometheus::MetricType::Counter ? series.counter.value : series.gauge.value;
}

std::optional<double> value(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
                            const Labels& labels) {
    if (const prometheus::MetricFamily* family = find(families, name)) {
        for (const auto& series : family->metric) {
            if (labels_of(series) == labels) {
                return value_of(*family, series);
            }
        }
    }
    return std::nullopt;
}

std::size_t series_count(const std::vector<prometheus::MetricFamily>& families, std::string_view name) {
    const prometheus::MetricFamily* family = find(families, name);
    return family == nullptr ? 0 : family->metric.size();
}

double sum(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
           const Labels& labels) {
    const prometheus::MetricFamily* family = find(families, name);
    if (family == nullptr) {
        return 0;
    }
    double sum = 0;
    for (const auto& series : family->metric) {
        const Labels present = labels_of(series);
        if (std::includes(present.begin(), present.end(), labels.begin(), labels.end())) {
            sum += value_of(*family, series);
        }
    }
    return sum;
}

}  // namespace exporter::metrics::samples
