#include "web/basic_auth.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

const std::string of_secret = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string of_other = "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";
const std::string slow_of_secret = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

constexpr auto alice_secret = "Basic YWxpY2U6c2VjcmV0";
constexpr auto alice_wrong = "Basic YWxpY2U6d3Jvbmc=";
constexpr auto bob_other = "Basic Ym9iOm90aGVy";
constexpr auto ill_formed = "Basic alice:secret";
constexpr auto nobody = "Basic Og==";
constexpr auto alice_nul = "Basic YWxpY2U6c2VjcmV0AA==";

Users users(const std::map<std::string, std::string>& hashes) {
    return Users::make(hashes).value();
}

/// Waits for the verdict; none: the login was not taken.
std::optional<bool> verdict(Authenticator& authenticator, const char* authorization) {
    std::promise<bool> told;
    auto future = told.get_future();
    if (!authenticator.verify(authorization, "192.0.2.1", [&](bool right) { told.set_value(right); }) ||
        future.wait_for(30s) != std::future_status::ready) {
        return std::nullopt;
    }
    return future.get();
}

/// A login whose verdict the worker can't get rid of: what comes after waits in the queue.
class Obstacle {
  public:
    explicit Obstacle(Authenticator& authenticator) {
        auto begun = std::make_shared<std::promise<void>>();
        auto there = begun->get_future();
        EXPECT_TRUE(authenticator.verify(alice_wrong, "obstacle", [begun, open = opened_](bool) {
            begun->set_value();
            open.wait();
        }));
        EXPECT_EQ(there.wait_for(30s), std::future_status::ready);
    }
    Obstacle(const Obstacle&) = delete;
    Obstacle& operator=(const Obstacle&) = delete;
    ~Obstacle() { remove(); }

    void remove() {
        if (!removed_) {
            removed_ = true;
            open_.set_value();
        }
    }

  private:
    std::promise<void> open_;
    std::shared_future<void> opened_ = open_.get_future().share();
    bool removed_ = false;
};

TEST(Authenticator, LetsInWhoKnowsThePassword) {
    Authenticator authenticator(users({{"alice", of_secret}, {"bob", of_other}}));
    EXPECT_EQ(verdict(authenticator, alice_secret), true);
    EXPECT_EQ(verdict(authenticator, bob_other), true);
    EXPECT_EQ(verdict(authenticator, alice_wrong), false);
    EXPECT_EQ(verdict(authenticator, nobody), false);
}

TEST(Authenticator, RefusesAtOnceWhatIsNoLogin) {
    const Authenticator authenticator(users({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known(""), false);
    EXPECT_EQ(authenticator.known(ill_formed), false);
    EXPECT_EQ(authenticator.known("Bearer YWxpY2U6c2VjcmV0"), false);
    EXPECT_EQ(authenticator.known("Basic YWxpY2U6c2VjcmV0, Basic YWxpY2U6c2VjcmV0"), false);
    EXPECT_EQ(authenticator.known(alice_nul), false);
}

TEST(Authenticator, RefusesIllFormedLoginsEvenWhereTheEmptyOneIsRight) {
    Authenticator authenticator(
        users({{"", "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"}}));
    EXPECT_EQ(verdict(authenticator, nobody), true);
    EXPECT_EQ(verdict(authenticator, ill_formed), false);
}

TEST(Authenticator, KnowsALoginThatWasRight) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret), std::nullopt);
    EXPECT_EQ(verdict(authenticator, alice_secret), true);
    EXPECT_EQ(authenticator.known(alice_secret), true);
}

TEST(Authenticator, NeverRemembersALoginThatWasWrong) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    EXPECT_EQ(verdict(authenticator, alice_wrong), false);
    EXPECT_EQ(authenticator.known(alice_wrong), std::nullopt);
}

TEST(Authenticator, TellsVerdictsOnAnotherThread) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    std::promise<std::thread::id> told;
    ASSERT_TRUE(
        authenticator.verify(alice_secret, "", [&](bool) { told.set_value(std::this_thread::get_id()); }));
    EXPECT_NE(told.get_future().get(), std::this_thread::get_id());
}

TEST(Authenticator, TakesNoMoreThanAFewLoginsOfOnePeer) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    for (std::size_t i = 0; i < Authenticator::longest_queue_of_a_peer; ++i) {
        EXPECT_TRUE(authenticator.verify(alice_wrong, "192.0.2.1", [](bool) {}));
    }
    EXPECT_FALSE(authenticator.verify(alice_secret, "192.0.2.1", [](bool) {}));
    EXPECT_TRUE(authenticator.verify(alice_secret, "192.0.2.2", [](bool) {}));
}

TEST(Authenticator, ChecksTheFirstOfEachPeerBeforeTheSecondOfAny) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    std::string order;
    std::promise<void> done;
    const auto note = [&](char name) {
        return [&, name](bool) {
            order += name;
            if (order.size() == 4) {
                done.set_value();
            }
        };
    };
    {
        const Obstacle obstacle(authenticator);
        EXPECT_TRUE(authenticator.verify(alice_wrong, "192.0.2.1", note('a')));
        EXPECT_TRUE(authenticator.verify(alice_wrong, "192.0.2.1", note('b')));
        EXPECT_TRUE(authenticator.verify(alice_wrong, "192.0.2.1", note('c')));
        EXPECT_TRUE(authenticator.verify(alice_secret, "192.0.2.2", note('d')));
    }
    done.get_future().wait();
    EXPECT_EQ(order, "adbc");
}

TEST(Authenticator, RemembersLoginsWhenTheSameUsersComeAgain) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret), true);
    authenticator.replace(users({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret), true);
    authenticator.replace(users({{"bob", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret), std::nullopt);
}

TEST(Authenticator, TakesNoMoreLoginsThanItsQueueHolds) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    std::atomic<std::size_t> told = 0;
    for (std::size_t i = 0; i < Authenticator::longest_queue; ++i) {
        EXPECT_TRUE(authenticator.verify(alice_wrong, std::to_string(i), [&](bool) { ++told; }));
    }
    EXPECT_FALSE(authenticator.verify(alice_secret, "last", [](bool) {}));
    obstacle.remove();
    while (verdict(authenticator, alice_secret) != true) {  // The queue is full for a while.
        std::this_thread::yield();
    }
    EXPECT_EQ(told, Authenticator::longest_queue);
}

TEST(Authenticator, TakesALoginWhileItTellsAVerdict) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    std::promise<bool> told;
    ASSERT_TRUE(authenticator.verify(alice_wrong, "", [&](bool) {
        EXPECT_TRUE(authenticator.verify(alice_secret, "", [&](bool right) { told.set_value(right); }));
    }));
    EXPECT_TRUE(told.get_future().get());
}

TEST(Authenticator, ForgetsLoginsOfUsersThatHaveBeenReplaced) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret), true);
    authenticator.replace(users({{"alice", of_other}}));
    EXPECT_EQ(authenticator.known(alice_secret), std::nullopt);
    EXPECT_EQ(verdict(authenticator, alice_secret), false);
}

TEST(Authenticator, JudgesWaitingLoginsByTheNewUsers) {
    Authenticator authenticator(users({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    std::promise<bool> alice;
    std::promise<bool> bob;
    ASSERT_TRUE(authenticator.verify(alice_secret, "a", [&](bool right) { alice.set_value(right); }));
    ASSERT_TRUE(authenticator.verify(bob_other, "b", [&](bool right) { bob.set_value(right); }));
    authenticator.replace(users({{"bob", of_other}}));
    obstacle.remove();
    EXPECT_FALSE(alice.get_future().get());
    EXPECT_TRUE(bob.get_future().get());
}

TEST(Authenticator, JudgesALoginThatIsBeingCheckedByTheNewUsers) {
    Authenticator authenticator(users({{"alice", slow_of_secret}}));
    std::promise<void> before;
    std::promise<bool> alice;
    ASSERT_TRUE(authenticator.verify(alice_wrong, "a", [&](bool) { before.set_value(); }));
    ASSERT_TRUE(authenticator.verify(alice_secret, "a", [&](bool right) { alice.set_value(right); }));
    before.get_future().wait();  // The other check begins now, and takes long.
    authenticator.replace(users({{"bob", of_other}}));
    EXPECT_FALSE(alice.get_future().get());
    EXPECT_EQ(authenticator.known(alice_secret), std::nullopt);
}

TEST(Authenticator, TellsNoVerdictOnceItsEndHasBegun) {
    auto authenticator = std::make_unique<Authenticator>(users({{"alice", slow_of_secret}}));
    std::promise<void> before;
    std::atomic<int> told = 0;
    ASSERT_TRUE(authenticator->verify(alice_wrong, "a", [&](bool) { before.set_value(); }));
    ASSERT_TRUE(authenticator->verify(alice_secret, "a", [&](bool) { ++told; }));
    ASSERT_TRUE(authenticator->verify(alice_secret, "a", [&](bool) { ++told; }));
    before.get_future().wait();  // The second check begins now, and takes long.
    authenticator.reset();
    EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace exporter::web
