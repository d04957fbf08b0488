#include "scan/reading.h"

#include <gtest/gtest.h>

namespace exporter::scan {
namespace {

/// A page that tests recognize by its number of elements.
datadog::Result<datadog::Page> page(std::size_t elements) {
    datadog::Page page;
    page.facts.elements = elements;
    page.tokens.resize(1);
    return page;
}

constexpr SteadyTime now{std::chrono::hours(1)};
constexpr std::size_t any_number = 1000;

/// Requests all pages that are wanted.
std::vector<std::size_t> all_fresh(PageOrder& order) {
    std::vector<std::size_t> pages;
    while (const auto fresh = order.wanted(now, any_number)) {
        EXPECT_EQ(order.ask(*fresh), nullptr);
        pages.push_back(*fresh);
    }
    return pages;
}

/// Simulates a response rejected for lack of memory.
void find_no_room(PageOrder& order, std::size_t page) {
    (void)order.answered(page);
}

/// Processes the first two pages, which are never requested concurrently.
void take_first_two(PageOrder& order) {
    for (std::size_t turn = 0; turn < 2; ++turn) {
        ASSERT_EQ(all_fresh(order), std::vector<std::size_t>{turn});
        order.arrived(turn, page(turn));
        ASSERT_TRUE(order.take_next());
    }
}

TEST(PageOrder, StartsWithTheFirstPage) {
    PageOrder order(8);

    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{0});
}

TEST(PageOrder, RequestsNothingBeyondPageTwoUntilItIsTaken) {
    PageOrder order(8);
    order.expect_up_to(100);
    ASSERT_EQ(all_fresh(order), std::vector<std::size_t>{0});
    order.arrived(0, page(0));
    ASSERT_TRUE(order.take_next());

    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{1});
    order.arrived(1, page(1));
    EXPECT_TRUE(all_fresh(order).empty());
    ASSERT_TRUE(order.take_next());
    EXPECT_EQ(all_fresh(order).size(), 8U);
}

TEST(PageOrder, AsksForTheExpectedPagesInsideTheWindow) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(4);
    EXPECT_EQ(all_fresh(order), (std::vector<std::size_t>{2, 3, 4}));

    order.expect_up_to(100);
    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{5});
}

TEST(PageOrder, AsksForNoMoreLargePagesAheadThanFitInFourMebibytes) {
    for (const auto& [mebibytes, ahead] : {std::pair{1, 4U}, {2, 2U}, {3, 1U}, {5, 1U}}) {
        PageOrder order(8);
        take_first_two(order);

        order.note_size(static_cast<std::size_t>(mebibytes) << 20);
        order.note_size(1000);
        order.expect_up_to(100);

        EXPECT_EQ(all_fresh(order).size(), ahead) << mebibytes;
    }
}

TEST(PageOrder, RequestsNothingBeyondATokenlessPage) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(100);
    ASSERT_EQ(all_fresh(order).size(), 4U);
    order.arrived(5, datadog::Page());
    order.arrived(2, page(2));
    ASSERT_TRUE(order.take_next());

    EXPECT_TRUE(all_fresh(order).empty()) << "it ends the listing, whatever earlier pages contain";
}

TEST(PageOrder, WithoutRoomForgetsATokenlessPageUntilItsTurn) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(100);
    ASSERT_EQ(all_fresh(order).size(), 4U);
    order.arrived(3, datadog::Page());

    order.go_one_by_one();
    find_no_room(order, 4);
    find_no_room(order, 5);
    order.arrived(2, page(2));

    ASSERT_TRUE(order.take_next());
    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{3});
    order.arrived(3, page(3));
    ASSERT_TRUE(order.take_next());
    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{4});
}

TEST(PageOrder, WithoutRoomDropsWaitingPagesAndRefetchesThem) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(6);
    ASSERT_EQ(all_fresh(order), (std::vector<std::size_t>{2, 3, 4, 5}));
    order.arrived(3, page(3));
    order.arrived(5, page(5));

    order.go_one_by_one();
    find_no_room(order, 4);

    EXPECT_TRUE(all_fresh(order).empty()) << "page 2 is next and still in flight";
    order.arrived(2, page(2));
    for (std::size_t turn = 2; turn < 6; ++turn) {
        const auto taken = order.take_next();
        ASSERT_TRUE(taken);
        EXPECT_EQ((*taken)->facts.elements, turn);
        EXPECT_FALSE(order.take_next());
        EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{turn + 1});
        order.arrived(turn + 1, page(turn + 1));
    }
}

TEST(PageOrder, WithoutRoomStillFetchesPagesBeforeAFailedOne) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(6);
    ASSERT_EQ(all_fresh(order).size(), 4U);
    order.arrived(3, page(3));
    order.arrived(4, tl::unexpected(datadog::Error{}));

    order.go_one_by_one();
    order.arrived(2, page(2));

    ASSERT_TRUE(order.take_next());
    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{3});
    order.arrived(3, page(3));
    ASSERT_TRUE(order.take_next());
    const auto failed = order.take_next();
    ASSERT_TRUE(failed);
    EXPECT_FALSE(*failed);
    EXPECT_TRUE(all_fresh(order).empty());
}

TEST(PageOrder, GivesPagesInOrderWhateverTheOrderOfTheirArrival) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(4);
    (void)all_fresh(order);

    order.arrived(4, page(4));
    order.arrived(3, page(3));
    EXPECT_FALSE(order.take_next());
    order.arrived(2, page(2));

    for (std::size_t expected = 2; expected < 5; ++expected) {
        EXPECT_EQ(order.turn(), expected);
        EXPECT_EQ((*order.take_next())->facts.elements, expected);
    }
    EXPECT_FALSE(order.take_next());
}

TEST(PageOrder, RequestsTheNextPageBeyondTheExpectedOnes) {
    PageOrder order(4);
    take_first_two(order);

    EXPECT_EQ(all_fresh(order), std::vector<std::size_t>{2});
}

TEST(PageOrder, NothingIsAskedForBeyondAnError) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(100);
    EXPECT_EQ(order.wanted(now, any_number), 2U);
    order.ask(2);

    order.arrived(2, tl::unexpected(datadog::Error{}));

    EXPECT_FALSE(order.wanted(now, any_number));
    EXPECT_FALSE(order.take_next()->has_value());
}

Repeat repeat_at(SteadyTime moment) {
    return {1, RetryReason::network, datadog::Error{}, moment};
}

TEST(PageOrder, PrefersADueRetryToAFreshPage) {
    PageOrder order(4);
    take_first_two(order);
    order.expect_up_to(100);
    ASSERT_EQ(all_fresh(order).size(), 4U);
    EXPECT_FALSE(order.answered(3));
    EXPECT_FALSE(order.answered(2));
    order.repeat(3, repeat_at(now + std::chrono::seconds(2)));
    order.arrived(2, page(2));
    ASSERT_TRUE(order.take_next());

    EXPECT_EQ(order.wanted(now, 0).error(), now + std::chrono::seconds(2));
    EXPECT_EQ(order.wanted(now, any_number), 6U);
    EXPECT_EQ(order.wanted(now + std::chrono::seconds(2), any_number), 3U);
    EXPECT_EQ(order.under_way(), 2U);
    ASSERT_NE(order.ask(3), nullptr);
    EXPECT_EQ(order.under_way(), 3U);
    EXPECT_EQ(order.wanted(now, 0).error(), SteadyTime::max());
    EXPECT_EQ(order.answered(3)->number, 1);
}

TEST(PageOrder, ARetryKeepsItsSlotWhileItWaits) {
    PageOrder order(8);
    take_first_two(order);
    order.expect_up_to(100);
    order.ask(2);
    order.ask(3);
    (void)order.answered(2);
    order.repeat(2, repeat_at(now + std::chrono::seconds(2)));

    EXPECT_FALSE(order.wanted(now, 2));
    EXPECT_EQ(order.wanted(now, 3), 4U);
    EXPECT_EQ(order.wanted(now + std::chrono::seconds(2), 2), 2U);
}

}  // namespace
}  // namespace exporter::scan
