#include "http/authenticator.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::http {
namespace {

struct Case {
    const char* name;
    const char* pushed;   ///< one job per character, named by peer and number
    const char* removed;  ///< jobs rejected or evicted for lack of room, in this order
    const char* order;    ///< order of the remaining jobs
};

/// Room for six jobs, three per peer.
class Queue : public ::testing::TestWithParam<Case> {};

TEST_P(Queue, TakesAndOrders) {
    FairQueue<std::string> queue(6, 3);
    std::string removed;
    std::string counts(128, '0');
    for (const char peer : std::string(GetParam().pushed)) {
        const char number = ++counts[static_cast<unsigned char>(peer)];
        if (const auto job = queue.push(std::string(1, peer), {peer, number})) {
            removed += *job;
        }
    }
    std::string order;
    while (const auto job = queue.pop()) {
        order += *job;
    }
    EXPECT_EQ(removed, GetParam().removed);
    EXPECT_EQ(order, GetParam().order);
    EXPECT_TRUE(queue.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Fair, Queue,
    ::testing::Values(Case{"Nobody", "", "", ""}, Case{"OnePeerInItsOrder", "aaa", "", "a1a2a3"},
                      Case{"OnePeerHasItsShareAndNoMore", "aaaaa", "a4a5", "a1a2a3"},
                      Case{"EachInTurn", "aaabbc", "", "a1b1c1a2b2a3"},
                      Case{"FullAndAPeerWithNoneTakesTheNewestOfTheOneWithMost", "aaabbbc", "a3",
                           "a1b1c1a2b2b3"},
                      Case{"FullAndAPeerWithOneTakesOfAPeerWithThree", "aaabbcc", "a3", "a1b1c1a2b2c2"},
                      Case{"FullAndAPeerWithOneTakesNothingOfPeersWithTwo", "aabbcdd", "d2", "a1b1c1d1a2b2"},
                      Case{"FullOfDifferentPeers", "abcdefg", "g1", "a1b1c1d1e1f1"}),
    [](const auto& tested) { return tested.param.name; });

TEST(FairQueue, MakesABusyPeerWaitForOthers) {
    FairQueue<char> queue(6, 3);
    EXPECT_FALSE(queue.push("a", 'a'));
    EXPECT_FALSE(queue.push("a", 'a'));
    EXPECT_FALSE(queue.push("b", 'b'));
    std::string order;
    for (int i = 0; i < 6; ++i) {
        order += queue.pop().value();
        EXPECT_FALSE(queue.push(std::string(1, order.back()), order.back()));
    }
    EXPECT_EQ(order, "ababab");
}

}  // namespace
}  // namespace exporter::http
