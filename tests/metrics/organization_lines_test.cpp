#include "metrics/exposition.h"
#include "metrics/random_samples.h"
#include "metrics/samples.h"
#include "support/exposition.h"
#include "support/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace exporter::metrics {
namespace {

using ::testing::ElementsAre;

using Organizations = std::vector<std::shared_ptr<const CompressedLines>>;

constexpr std::uint64_t seeds = 50;

Organizations lines_of(const std::vector<Snapshot>& snapshots) {
    Organizations organizations;
    std::transform(snapshots.begin(), snapshots.end(), std::back_inserter(organizations), render_lines);
    return organizations;
}

/// The reference: renders everything at once, not in parts.
std::string rendered_at_once(const std::vector<Snapshot>& snapshots, Format format) {
    return render(samples::collect(snapshots), format);
}

std::string ending(Format format) {
    return format == Format::openmetrics ? "# EOF\n" : "";
}

std::string body(const Exposition& exposition, std::string_view live, Format format, Encoding encoding) {
    const Body body = exposition.body(live, format, encoding);
    return *body.head + body.tail;
}

/// One body for each format and encoding.
std::vector<std::string> all_bodies(const Organizations& organizations) {
    const auto exposition = join(organizations);
    std::vector<std::string> bodies;
    for (const Format format : formats) {
        for (const Encoding encoding : {Encoding::identity, Encoding::gzip}) {
            bodies.push_back(body(*exposition, "live 1\n", format, encoding));
        }
    }
    return bodies;
}

TEST(JoinedOrganizations, EqualAllRenderedAtOnce) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto snapshots = samples::random_snapshots(seed);
        const auto exposition = join(lines_of(snapshots));
        for (const Format format : formats) {
            ASSERT_EQ(body(*exposition, "", format, Encoding::identity),
                      rendered_at_once(snapshots, format) + ending(format))
                << "seed " << seed;
        }
    }
}

TEST(JoinedOrganizations, GunzipToTheSameWithAnyLivePart) {
    std::mt19937_64 random(1);
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto snapshots = samples::random_snapshots(seed);
        const auto exposition = join(lines_of(snapshots));
        const std::string live(seed % 3 == 0 ? 0 : random() % 150'000, static_cast<char>('a' + seed % 26));
        for (const Format format : formats) {
            const auto text = support::gunzip(body(*exposition, live, format, Encoding::gzip));
            ASSERT_TRUE(text == rendered_at_once(snapshots, format) + live + ending(format))
                << "seed " << seed;
        }
    }
}

TEST(JoinedOrganizations, AreTheSameWhateverTheUpdateOrder) {
    const auto snapshots = samples::random_snapshots(3);
    ASSERT_GT(snapshots.size(), 2U);
    const auto expected = all_bodies(lines_of(snapshots));
    std::vector<std::size_t> updates(3 * snapshots.size());
    for (std::size_t i = 0; i < updates.size(); ++i) {
        updates[i] = i % snapshots.size();
    }
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; ++round) {
        std::shuffle(updates.begin(), updates.end(), random);
        Organizations organizations =
            lines_of(std::vector<Snapshot>(snapshots.size(), Snapshot{"not polled yet", nullptr, {}}));
        for (const std::size_t updated : updates) {
            organizations[updated] = render_lines(snapshots[updated]);
            static_cast<void>(join(organizations));
        }
        ASSERT_EQ(all_bodies(organizations), expected);
    }
}

TEST(JoinedOrganizations, OfNoOrganizationAreEmpty) {
    const auto exposition = join({});
    EXPECT_EQ(body(*exposition, "", Format::text, Encoding::identity), "");
    EXPECT_EQ(body(*exposition, "", Format::openmetrics, Encoding::identity), "# EOF\n");
    EXPECT_EQ(support::gunzip(body(*exposition, "live 1\n", Format::text, Encoding::gzip)), "live 1\n");
}

TEST(JoinedOrganizations, AreNotNeededAfterwards) {
    Organizations organizations = lines_of({samples::full_snapshot("a", 1)});
    const auto exposition = join(organizations);
    organizations.clear();
    EXPECT_EQ(body(*exposition, "", Format::text, Encoding::identity),
              rendered_at_once({samples::full_snapshot("a", 1)}, Format::text));
}

TEST(JoinedOrganizations, CompressNearlyAsWellAsAllAtOnce) {
    inventory::Inventory inventory = samples::full_inventory(1);
    for (std::size_t i = 0; i < 200; ++i) {
        inventory.scope_grants.push_back(
            {"scope_" + std::to_string(i), samples::full_inventory(i).by_expiry});
    }
    const std::vector<Snapshot> snapshots = {samples::snapshot_of("default", inventory)};
    const auto at_once =
        testing::exposition_of([&](Format format) { return rendered_at_once(snapshots, format); });
    const auto joined = join(lines_of(snapshots));
    const auto size = [](const Exposition& exposition) {
        return static_cast<double>(exposition.body("", Format::text, Encoding::gzip).size());
    };
    EXPECT_LT(size(*joined), 1.15 * size(*at_once));
}

TEST(OrganizationLines, AreSharedByTheFormatsButForHistograms) {
    const auto lines = render_lines(samples::full_snapshot("a", 1));
    std::vector<std::string> different;
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        if (lines->at(row, Format::text).deflated.data() !=
            lines->at(row, Format::openmetrics).deflated.data()) {
            different.emplace_back(catalog()[row].name);
        }
    }
    EXPECT_THAT(different, ElementsAre("datadog_access_token_api_request_duration_seconds"));
}

TEST(OrganizationLines, AreEmptyForFamiliesWithoutSeries) {
    const auto lines = render_lines({"a", nullptr, {}});
    const auto families = samples::collect({{"a", nullptr, {}}});
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const bool is_published = samples::find(families, catalog()[row].name) != nullptr;
        for (const Format format : formats) {
            EXPECT_EQ(!lines->at(row, format).deflated.empty(), is_published) << catalog()[row].name;
            EXPECT_EQ(lines->at(row, format).text.size != 0, is_published) << catalog()[row].name;
        }
    }
}

TEST(OrganizationLines, HoldNoText) {
    inventory::Inventory inventory = samples::full_inventory(1);
    for (std::size_t i = 0; i < 200; ++i) {
        inventory.scope_grants.push_back(
            {"scope_" + std::to_string(i), samples::full_inventory(i).by_expiry});
    }
    const Snapshot snapshot = samples::snapshot_of("default", inventory);
    const std::size_t text = rendered_at_once({snapshot}, Format::text).size();
    const auto lines = render_lines(snapshot);
    std::size_t held = 0;
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        for (const Format format : formats) {
            held += sizeof(Fragment) + lines->at(row, format).deflated.size();
        }
    }
    EXPECT_LT(held, text / 8);
    EXPECT_GT(held, text / 100) << "the compressed bytes must be counted";
}

TEST(ExpositionText, IsUnpackedOnceAndShared) {
    const auto exposition = join(lines_of({samples::full_snapshot("a", 1)}));
    for (const Format format : formats) {
        EXPECT_EQ(exposition->body("", format, Encoding::identity).head,
                  exposition->body("", format, Encoding::identity).head);
    }
}

TEST(ExpositionText, IsSharedByConcurrentScrapes) {
    const std::vector<Snapshot> snapshots = {samples::full_snapshot("a", 1)};
    const auto exposition = join(lines_of(snapshots));
    std::array<std::shared_ptr<const std::string>, 4> heads;
    {
        std::vector<std::jthread> scrapers;
        scrapers.reserve(heads.size());
        for (auto& head : heads) {
            scrapers.emplace_back(
                [&] { head = exposition->body("", Format::text, Encoding::identity).head; });
        }
    }
    for (const auto& head : heads) {
        EXPECT_EQ(head, heads.front());
        EXPECT_EQ(*head, rendered_at_once(snapshots, Format::text));
    }
}

TEST(ExpositionText, OutlivesItsExpositionForTheScrapeThatHasIt) {
    const std::vector<Snapshot> snapshots = {samples::small_snapshot()};
    auto exposition = join(lines_of(snapshots));
    const Body body = exposition->body("", Format::text, Encoding::identity);
    exposition.reset();
    EXPECT_EQ(*body.head, rendered_at_once(snapshots, Format::text));
}

}  // namespace
}  // namespace exporter::metrics
