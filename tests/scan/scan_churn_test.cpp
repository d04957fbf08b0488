// Scans a listing that changes meanwhile. Whatever is published as complete must be what the organization
// held at some moment of the scan.
#include "scan/changing_organization.h"
#include "scan/simulated_network.h"

#include <gtest/gtest.h>

#include <random>

namespace exporter::scan {
namespace {

using std::chrono::milliseconds;

TEST(ScanUnderChurn, PublishesOnlySnapshotsAsComplete) {
    std::mt19937 random(42);
    int complete = 0;
    int incomplete = 0;
    for (int round = 0; round < 3000; ++round) {
        ScanFixture fixture;
        fixture.options.page_size = 1 + random() % 5;
        ChangingOrganization organization(fixture.clock, random, random() % 20);
        const auto percent = static_cast<unsigned>(random() % 40);
        fixture.source.respond = [&](std::size_t number) {
            organization.maybe_change(percent);
            fixture.clock.advance(milliseconds(random() % 50));
            return organization.page(number, fixture.options.page_size);
        };

        const auto listing = fixture.run();

        ASSERT_TRUE(listing) << listing.error().message;
        ASSERT_TRUE(!listing->complete || organization.ever_was(fixture.sink.published)) << "round " << round;
        ++(listing->complete ? complete : incomplete);
    }
    // Both outcomes must have occurred.
    EXPECT_GT(complete, 1000);
    EXPECT_GT(incomplete, 100);
}

TEST(ScanUnderChurn, PublishesOnlySnapshotsAsCompleteEvenInParallel) {
    std::mt19937 random(43);
    int complete = 0;
    int incomplete = 0;
    for (int round = 0; round < 3000; ++round) {
        ScanFixture fixture;
        fixture.options.page_size = 1 + random() % 5;
        fixture.options.concurrency = 2 + random() % 7;
        ChangingOrganization organization(fixture.clock, random, random() % 40);
        const auto percent = static_cast<unsigned>(random() % 40);
        SimulatedNetwork network(fixture.clock, random, [&](std::size_t number) {
            organization.maybe_change(percent);
            return organization.page(number, fixture.options.page_size);
        });

        const auto listing = network.run(fixture);

        ASSERT_TRUE(listing) << listing.error().message;
        ASSERT_TRUE(!listing->complete || organization.ever_was(fixture.sink.published)) << "round " << round;
        ++(listing->complete ? complete : incomplete);
    }
    EXPECT_GT(complete, 1000);
    EXPECT_GT(incomplete, 100);
}

TEST(ScanUnderChurn, AFreshTokenInAQuietOrganizationEndsComplete) {
    ScanFixture fixture;
    fixture.options.page_size = 1;
    std::mt19937 random(1);
    ChangingOrganization organization(fixture.clock, random, 3);
    organization.maybe_change(100);
    fixture.source.respond = [&](std::size_t number) {
        return organization.page(number, fixture.options.page_size);
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
}

}  // namespace
}  // namespace exporter::scan
