// A listing that changes while it is read: whatever is published as complete must be what the organization
// held at some moment of the scan.
#include "scan/fakes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace exporter::scan {
namespace {

using datadog::Date;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// An organization sorted by creation whose tokens come and go between requests. Its `Date` header has whole
/// seconds.
class ChangingOrganization {
  public:
    ChangingOrganization(FakeClock& clock, std::mt19937& random, std::size_t tokens)
        : clock_(clock), random_(random) {
        for (std::size_t i = 0; i < tokens; ++i) {
            tokens_.push_back({next_id(), clock_.now() - std::chrono::hours(1)});
        }
        remember();
    }

    datadog::Answer page(std::size_t number, std::size_t size) {
        PageBuilder builder;
        builder.total(tokens_.size()).server_time(std::chrono::floor<seconds>(clock_.now()));
        for (std::size_t i = number * size; i < std::min(tokens_.size(), (number + 1) * size); ++i) {
            builder.token(tokens_[i].id, Date::at(tokens_[i].created_at));
        }
        return page_answer(builder);
    }

    void maybe_change(unsigned percent) {
        // Changes come in pairs more often than not: those are the ones the total does not show.
        for (int i = 0; i < 2 && random_() % 100 < percent; ++i) {
            clock_.advance(milliseconds(1 + random_() % 400));
            if (random_() % 2 == 0 && !tokens_.empty()) {
                tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(random_() % tokens_.size()));
            } else {
                tokens_.push_back({next_id(), clock_.now()});
            }
            remember();
        }
    }

    [[nodiscard]] bool ever_was(const std::vector<std::string>& ids) const {
        return moments_.contains(std::set<std::string>(ids.begin(), ids.end()));
    }

  private:
    struct Entry {
        std::string id;
        datadog::Timestamp created_at;
    };

    std::string next_id() { return fmt::format("token-{}", ++last_id_); }

    void remember() {
        std::set<std::string> ids;
        for (const Entry& entry : tokens_) {
            ids.insert(entry.id);
        }
        moments_.insert(std::move(ids));
    }

    FakeClock& clock_;
    std::mt19937& random_;
    std::vector<Entry> tokens_;
    std::set<std::set<std::string>> moments_;
    int last_id_ = 0;
};

TEST(ScanUnderChurn, PublishesAsCompleteOnlyWhatAMomentHad) {
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
    // Both outcomes were really met.
    EXPECT_GT(complete, 1000);
    EXPECT_GT(incomplete, 100);
}

TEST(ScanUnderChurn, AQuietOrganizationWithAFreshTokenIsCompleteInTheEnd) {
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
