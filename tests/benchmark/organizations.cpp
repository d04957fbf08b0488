// The cost of the exposition for many organizations, joined from each one's lines, compared with rendering it
// whole; and what joining costs a single large organization.
#include "inventory/builder.h"
#include "metrics/exposition.h"
#include "support/exposition.h"
#include "support/families.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace exporter;
using std::chrono::hours;

const base::Timestamp now(std::chrono::seconds(1'767'225'600));

inventory::Rules rules_with(std::optional<inventory::DetailRules> detail) {
    constexpr int day = 24;
    const std::vector<base::Duration> ahead = {hours(day), hours(7 * day), hours(30 * day), hours(90 * day)};
    const std::vector<base::Duration> back = {hours(7 * day), hours(30 * day), hours(90 * day),
                                              hours(365 * day)};
    return {.expiry = inventory::BucketScheme::expiry(ahead),
            .last_used = inventory::BucketScheme::last_used(back),
            .age = inventory::BucketScheme::age(back),
            .privileged_scopes = {},
            .detail = detail,
            .is_own_token = {}};
}

/// As random as real tokens, because compressibility determines how much memory the lines take.
class Tokens {
  public:
    explicit Tokens(std::size_t seed) : random_(seed) {}

    std::string uuid() {
        const auto high = random_();
        const auto low = random_();
        return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                           high & 0xfffU, low >> 52U, low & 0xffffffffffffU);
    }
    std::size_t below(std::size_t bound) { return random_() % bound; }
    datadog::Date day(int first, int last) {
        return datadog::Date::at(
            now + hours(24 * (first + static_cast<int>(below(static_cast<std::size_t>(last - first))))));
    }

  private:
    std::mt19937_64 random_;
};

metrics::Snapshot organization_of(const std::string& name, std::size_t token_count, std::size_t scope_count,
                                  std::optional<inventory::DetailRules> detail, std::size_t seed) {
    constexpr std::size_t scopes_of_a_token = 3;
    Tokens random(seed);
    const inventory::Rules rules = rules_with(detail);
    inventory::InventoryBuilder builder(rules, now, nullptr);
    for (std::size_t i = 0; i < token_count; ++i) {
        const std::string id = random.uuid();
        const std::string owner = random.uuid();
        const std::string title = fmt::format("deploy-key-{}", i);
        std::array<std::string, scopes_of_a_token> scopes;
        std::generate(scopes.begin(), scopes.end(),
                      [&] { return fmt::format("scope_{}_read", random.below(scope_count)); });
        const std::vector<std::string_view> views(scopes.begin(), scopes.end());
        datadog::Token token;
        token.id = id;
        token.name = title;
        token.owner_id = owner;
        token.type = random.below(2) == 0 ? datadog::TokenType::personal : datadog::TokenType::service;
        token.owner_type =
            random.below(2) == 0 ? datadog::OwnerType::user : datadog::OwnerType::service_account;
        token.leak = datadog::Leak::none;
        token.created_at = random.day(-700, 0);
        token.expires_at = random.below(4) == 0 ? datadog::Date::none() : random.day(-10, 400);
        token.last_used_at = random.day(-200, 0);
        token.scopes = views;
        (void)builder.add(token);
    }
    metrics::Snapshot snapshot;
    snapshot.org = name;
    snapshot.inventory =
        std::make_shared<const inventory::Inventory>(std::move(builder).build(true, now).inventory);
    scan::Statistics& statistics = snapshot.statistics;
    statistics.polls = 1 + seed;
    statistics.last_poll_succeeded = true;
    statistics.last_attempt = statistics.last_success = now + std::chrono::milliseconds(seed);
    statistics.last_duration = std::chrono::milliseconds(100 + seed);
    statistics.last_pages = 1;
    statistics.listing = {.complete = true,
                          .tokens = token_count,
                          .duplicates = 0,
                          .reported_tokens = token_count,
                          .as_of = now,
                          .began = now};
    statistics.requests = {{200, seed}};
    statistics.request_durations.observe(std::chrono::milliseconds(100 + seed));
    statistics.response_bytes = 1000 * seed;
    return snapshot;
}

/// 500 organizations, each with 200 tokens and about 100 scopes, without detail.
const std::vector<metrics::Snapshot>& many() {
    constexpr std::size_t count = 500;
    static const std::vector<metrics::Snapshot> organizations = [] {
        std::vector<metrics::Snapshot> made;
        made.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            made.push_back(organization_of(fmt::format("organization-{}", i), 200, 100, std::nullopt, i));
        }
        return made;
    }();
    return organizations;
}

/// A single organization with detail, and about `series` series.
std::vector<metrics::Snapshot> one_of(std::size_t series) {
    constexpr std::size_t series_of_a_token = 4;
    return {organization_of("default", series / series_of_a_token, series / 100,
                            inventory::DetailRules{.limit = 1'000'000}, 1)};
}

std::vector<std::shared_ptr<const metrics::CompressedLines>> lines_of(
    const std::vector<metrics::Snapshot>& snapshots) {
    std::vector<std::shared_ptr<const metrics::CompressedLines>> lines;
    lines.reserve(snapshots.size());
    for (const metrics::Snapshot& snapshot : snapshots) {
        lines.push_back(metrics::render_lines(snapshot));
    }
    return lines;
}

std::shared_ptr<const metrics::Exposition> whole(const std::vector<metrics::Snapshot>& snapshots) {
    const auto families = testing::collect(snapshots);
    return testing::exposition_of(
        [&families](metrics::Format format) { return metrics::render(families, format); });
}

std::shared_ptr<const metrics::Exposition> joined(const std::vector<metrics::Snapshot>& snapshots) {
    return metrics::join(lines_of(snapshots));
}

void count_bytes(benchmark::State& state, const metrics::Exposition& exposition) {
    const auto size = [&](metrics::Encoding encoding) {
        return static_cast<double>(exposition.body("", metrics::Format::text, encoding).size());
    };
    state.counters["gzip_bytes"] = size(metrics::Encoding::gzip);
    state.counters["identity_bytes"] = size(metrics::Encoding::identity);
}

/// Fragments and compressed bytes, counted once for each format, although the formats share most bytes.
std::size_t held_bytes(const metrics::CompressedLines& lines) {
    std::size_t bytes = 0;
    for (std::size_t row = 0; row < metrics::catalog().size(); ++row) {
        for (const metrics::Format format : metrics::formats) {
            bytes += sizeof(metrics::Fragment) + lines.at(row, format).deflated.size();
        }
    }
    return bytes;
}

/// The work after one organization's poll.
void lines_of_one(benchmark::State& state) {
    const metrics::Snapshot& snapshot = many().front();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(metrics::render_lines(snapshot));
    }
    std::size_t series = 0;
    for (const metrics::Metric& metric : metrics::catalog()) {
        series += metrics::family_of(metric, snapshot).metric.size();
    }
    state.counters["series"] = static_cast<double>(series);
    state.counters["held_bytes"] = static_cast<double>(held_bytes(*metrics::render_lines(snapshot)));
}

void join_of_many(benchmark::State& state) {
    const auto lines = lines_of(many());
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(metrics::join(lines));
    }
    count_bytes(state, *metrics::join(lines));
}

void whole_of_many(benchmark::State& state) {
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(whole(many()));
    }
    count_bytes(state, *whole(many()));
}

using Make = std::shared_ptr<const metrics::Exposition> (*)(const std::vector<metrics::Snapshot>&);

/// From one organization's snapshot to the exposition.
void of_one(benchmark::State& state, Make make) {
    const auto snapshots = one_of(static_cast<std::size_t>(state.range(0)));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(make(snapshots));
    }
    count_bytes(state, *make(snapshots));
}

/// The first uncompressed scrape of an exposition.
void unpack(benchmark::State& state, const std::vector<metrics::Snapshot>& snapshots) {
    const auto lines = lines_of(snapshots);
    while (state.KeepRunning()) {
        state.PauseTiming();
        const auto exposition = metrics::join(lines);
        state.ResumeTiming();
        benchmark::DoNotOptimize(exposition->body("", metrics::Format::text, metrics::Encoding::identity));
    }
}

void first_identity(benchmark::State& state) {
    unpack(state, one_of(static_cast<std::size_t>(state.range(0))));
}

void first_identity_of_many(benchmark::State& state) {
    unpack(state, many());
}

void second_identity(benchmark::State& state) {
    const auto exposition = joined(one_of(static_cast<std::size_t>(state.range(0))));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(exposition->body("", metrics::Format::text, metrics::Encoding::identity));
    }
}

// Generic, because the type's name differs between releases of the library.
constexpr auto series = [](auto* registered) {
    registered->Arg(100)->Arg(10'000)->Arg(50'000)->Unit(benchmark::kMicrosecond);
};

BENCHMARK(lines_of_one)->Unit(benchmark::kMicrosecond);
BENCHMARK(join_of_many)->Unit(benchmark::kMicrosecond);
BENCHMARK(whole_of_many)->Unit(benchmark::kMicrosecond);
BENCHMARK(first_identity_of_many)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(of_one, whole, whole)->Apply(series);
BENCHMARK_CAPTURE(of_one, joined, joined)->Apply(series);
BENCHMARK(first_identity)->Apply(series);
BENCHMARK(second_identity)->Apply(series);

}  // namespace

BENCHMARK_MAIN();
