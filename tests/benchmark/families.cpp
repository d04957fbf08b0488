#include "families.h"

#include "support/families.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace exporter::comparison {
namespace {

constexpr std::array<std::string_view, 3> token_types{"personal", "service", "other"};
constexpr std::array<std::string_view, 4> owner_types{"user", "service_account", "other", "unknown"};
constexpr std::array<std::string_view, 9> expiry_buckets{"expired",   "under_1d",   "1d_to_7d",
                                                         "7d_to_30d", "30d_to_90d", "90d_to_365d",
                                                         "over_365d", "never",      "unknown"};
constexpr std::array<std::string_view, 3> detail_families{"datadog_access_token_expiry_timestamp_seconds",
                                                          "datadog_access_token_last_used_timestamp_seconds",
                                                          "datadog_access_token_created_timestamp_seconds"};

template <std::size_t size>
std::string_view pick(const std::array<std::string_view, size>& values, std::size_t index) {
    return values[index % size];
}

/// As random as a real one, because compressibility determines the cost of sending a body.
std::string uuid(std::mt19937_64& random) {
    const std::uint64_t high = random();
    const std::uint64_t low = random();
    return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                       high & 0xfffU, low >> 52U, low & 0xffffffffffffU);
}

prometheus::MetricFamily scope_grants(std::size_t series) {
    metrics::FamilyBuilder builder(testing::row_of("datadog_access_token_scope_grants"), "default");
    builder.reserve(series);
    for (std::size_t i = 0; i < series; ++i) {
        const auto combination = i / expiry_buckets.size();
        builder.add({fmt::format("scope_{}_read", combination / 6), pick(token_types, combination),
                     pick(owner_types, combination / 3 % 2), pick(expiry_buckets, i)},
                    static_cast<double>(i % 97));
    }
    return std::move(builder).build();
}

prometheus::MetricFamily token_detail(std::string_view name, std::size_t series) {
    constexpr double some_day = 1'750'000'000;
    metrics::FamilyBuilder builder(testing::row_of(name), "default");
    builder.reserve(series);
    std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): every call gives the same tokens
    for (std::size_t i = 0; i < series; ++i) {
        const auto id = uuid(random);
        const auto owner = uuid(random);
        builder.add(
            {id, fmt::format("deploy-key-{}", i), pick(token_types, i), pick(owner_types, i / 3 % 2), owner},
            some_day + static_cast<double>(random() % 31'536'000));
    }
    return std::move(builder).build();
}

}  // namespace

std::vector<prometheus::MetricFamily> families_of(std::size_t series) {
    std::vector<prometheus::MetricFamily> families;
    const std::size_t of_detail = series / 4;
    families.push_back(scope_grants(series - of_detail * detail_families.size()));
    for (const auto name : detail_families) {
        families.push_back(token_detail(name, of_detail));
    }
    return families;
}

FixedCollectable::FixedCollectable(std::vector<prometheus::MetricFamily> families)
    : families_(std::move(families)) {}

}  // namespace exporter::comparison
