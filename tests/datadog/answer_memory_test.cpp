#include "datadog/page.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace exporter::datadog {
namespace {

constexpr std::size_t ordinary = AnswerMemory::ordinary;

TEST(AnswerMemory, IsGuaranteedForOrdinaryAnswers) {
    const auto memory = std::make_shared<AnswerMemory>(0);
    AnswerMemory::Share share(memory);

    EXPECT_TRUE(share.grow_to(ordinary));
    EXPECT_FALSE(share.grow_to(ordinary + 1));
}

TEST(AnswerMemory, OfLargeAnswersIsShared) {
    const auto memory = std::make_shared<AnswerMemory>(1000);
    AnswerMemory::Share one(memory);
    AnswerMemory::Share other(memory);

    EXPECT_TRUE(one.grow_to(ordinary + 600));
    EXPECT_FALSE(other.grow_to(ordinary + 401));
    EXPECT_TRUE(other.grow_to(ordinary + 400));
    EXPECT_FALSE(one.grow_to(ordinary + 601));
    EXPECT_TRUE(one.grow_to(ordinary + 600)) << "it keeps what it already has";
}

TEST(AnswerMemory, IsAtMostHalfThePoolPerOrganization) {
    const auto pool = std::make_shared<AnswerMemory>(1000);
    const auto one = std::make_shared<AnswerMemory>(pool);
    const auto other = std::make_shared<AnswerMemory>(pool);
    {
        AnswerMemory::Share first(one);
        AnswerMemory::Share second(one);
        EXPECT_TRUE(first.grow_to(ordinary + 300));
        EXPECT_FALSE(second.grow_to(ordinary + 201));
        EXPECT_TRUE(second.grow_to(ordinary + 200));
        EXPECT_TRUE(AnswerMemory::Share(other).grow_to(ordinary + 500)) << "the other half";
    }
    EXPECT_TRUE(AnswerMemory::Share(one).grow_to(ordinary + 500)) << "the memory was released";
}

TEST(AnswerMemory, IsNotLostWhenThePoolIsExhausted) {
    const auto pool = std::make_shared<AnswerMemory>(1000);
    const auto one = std::make_shared<AnswerMemory>(pool);
    {
        AnswerMemory::Share rest(pool);
        ASSERT_TRUE(rest.grow_to(ordinary + 900));
        EXPECT_FALSE(AnswerMemory::Share(one).grow_to(ordinary + 500));
        EXPECT_TRUE(AnswerMemory::Share(one).grow_to(ordinary + 100));
    }
    EXPECT_TRUE(AnswerMemory::Share(one).grow_to(ordinary + 500));
    EXPECT_TRUE(AnswerMemory::Share(pool).grow_to(ordinary + 1000));
}

TEST(AnswerMemory, IsReleasedEvenAfterMoves) {
    const auto memory = std::make_shared<AnswerMemory>(1000);
    {
        AnswerMemory::Share one(memory);
        ASSERT_TRUE(one.grow_to(ordinary + 1000));
        AnswerMemory::Share moved(std::move(one));
        AnswerMemory::Share assigned;
        assigned = std::move(moved);
        ASSERT_FALSE(AnswerMemory::Share(memory).grow_to(ordinary + 1));
    }

    EXPECT_TRUE(AnswerMemory::Share(memory).grow_to(ordinary + 1000));
}

TEST(AnswerMemory, SurvivesConcurrentUse) {
    const auto memory = std::make_shared<AnswerMemory>(3000);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&memory] {
            for (int turn = 0; turn < 1000; ++turn) {
                AnswerMemory::Share share(memory);
                (void)share.grow_to(ordinary + 1000);
                (void)share.grow_to(ordinary + 2000);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_TRUE(AnswerMemory::Share(memory).grow_to(ordinary + 3000));
    EXPECT_FALSE(AnswerMemory::Share(memory).grow_to(ordinary + 3001));
}

TEST(AnswerMemory, IsUnlimitedWithoutAPool) {
    EXPECT_TRUE(AnswerMemory::Share().grow_to(std::size_t{1} << 40));
}

}  // namespace
}  // namespace exporter::datadog
