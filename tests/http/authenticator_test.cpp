#include "http/authenticator.h"

#include "users_of.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace exporter::http {
namespace {

using namespace std::chrono_literals;

const std::string of_secret = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string of_other = "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";
const std::string slow_of_secret = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

constexpr auto alice_secret = "Basic YWxpY2U6c2VjcmV0";
constexpr auto alice_wrong = "Basic YWxpY2U6d3Jvbmc=";
constexpr auto alice_other = "Basic YWxpY2U6b3RoZXI=";
constexpr auto bob_other = "Basic Ym9iOm90aGVy";
constexpr auto ill_formed = "Basic alice:secret";
constexpr auto nobody = "Basic Og==";
constexpr auto alice_nul = "Basic YWxpY2U6c2VjcmV0AA==";

constexpr auto somebody = "192.0.2.1";

/// Waits for the verdict; nullopt: it timed out.
std::optional<Verdict> verdict(Authenticator& authenticator, const char* authorization,
                               const std::string& peer = somebody) {
    auto told = std::make_shared<std::promise<Verdict>>();
    auto future = told->get_future();
    authenticator.verify(authorization, peer, [told](Verdict verdict) { told->set_value(verdict); });
    return future.wait_for(30s) == std::future_status::ready ? std::optional(future.get()) : std::nullopt;
}

/// A login queued behind an obstacle.
class Waiting {
  public:
    Waiting(Authenticator& authenticator, const char* authorization, const std::string& peer) {
        authenticator.verify(authorization, peer,
                             [told = told_](Verdict verdict) { told->set_value(verdict); });
    }

    /// Whether it was rejected because the queue is full, or evicted from it.
    [[nodiscard]] bool is_refused() {
        return verdict_.wait_for(0s) == std::future_status::ready && verdict_.get() == Verdict::too_many;
    }
    [[nodiscard]] Verdict verdict() { return verdict_.get(); }

  private:
    std::shared_ptr<std::promise<Verdict>> told_ = std::make_shared<std::promise<Verdict>>();
    std::shared_future<Verdict> verdict_ = told_->get_future().share();
};

/// A login whose callback blocks the worker, so later logins stay in the queue.
class Obstacle {
  public:
    explicit Obstacle(Authenticator& authenticator) {
        auto begun = std::make_shared<std::promise<void>>();
        auto there = begun->get_future();
        authenticator.verify(alice_wrong, "obstacle", [begun, open = opened_](Verdict) {
            begun->set_value();
            open.wait();
        });
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

TEST(Authenticator, AcceptsOnlyRightPasswords) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}, {"bob", of_other}}));
    EXPECT_EQ(verdict(authenticator, alice_secret), Verdict::right);
    EXPECT_EQ(verdict(authenticator, bob_other), Verdict::right);
    EXPECT_EQ(verdict(authenticator, alice_wrong), Verdict::wrong);
    EXPECT_EQ(verdict(authenticator, nobody), Verdict::wrong);
}

TEST(Authenticator, RejectsBadHeadersAtOnce) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known("", somebody), Verdict::wrong);
    EXPECT_EQ(authenticator.known(ill_formed, somebody), Verdict::wrong);
    EXPECT_EQ(authenticator.known("Bearer YWxpY2U6c2VjcmV0", somebody), Verdict::wrong);
    EXPECT_EQ(authenticator.known("Basic YWxpY2U6c2VjcmV0, Basic YWxpY2U6c2VjcmV0", somebody),
              Verdict::wrong);
    EXPECT_EQ(authenticator.known(alice_nul, somebody), Verdict::wrong);
}

TEST(Authenticator, RejectsMalformedLoginsEvenIfEmptyOnesAreValid) {
    Authenticator authenticator(
        testing::users_of({{"", "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"}}));
    EXPECT_EQ(verdict(authenticator, nobody), Verdict::right);
    EXPECT_EQ(verdict(authenticator, ill_formed), Verdict::wrong);
}

TEST(Authenticator, RemembersAValidLogin) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), std::nullopt);
    EXPECT_EQ(verdict(authenticator, alice_secret), Verdict::right);
    EXPECT_EQ(authenticator.known(alice_secret, somebody), Verdict::right);
}

TEST(Authenticator, NeverRemembersALoginThatWasWrong) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    EXPECT_EQ(verdict(authenticator, alice_wrong), Verdict::wrong);
    EXPECT_EQ(authenticator.known(alice_wrong, somebody), std::nullopt);
}

TEST(Authenticator, TellsVerdictsOnAnotherThread) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    std::promise<std::thread::id> told;
    authenticator.verify(alice_secret, "", [&](Verdict) { told.set_value(std::this_thread::get_id()); });
    EXPECT_NE(told.get_future().get(), std::this_thread::get_id());
}

TEST(Authenticator, LimitsQueuedLoginsPerPeer) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    const Obstacle obstacle(authenticator);
    static_assert(Authenticator::longest_queue_of_a_peer == 4, "as SECURITY.md says");
    for (std::size_t i = 0; i < Authenticator::longest_queue_of_a_peer; ++i) {
        EXPECT_FALSE(Waiting(authenticator, alice_wrong, "192.0.2.1").is_refused()) << i;
    }
    EXPECT_TRUE(Waiting(authenticator, alice_secret, "192.0.2.1").is_refused());
    EXPECT_FALSE(Waiting(authenticator, alice_secret, "192.0.2.2").is_refused());
}

/// Queues a login per peer behind an obstacle. Returns the peers in the order they were checked.
std::string order_of_checks(Authenticator& authenticator, const std::string& peers) {
    std::string order;
    std::promise<void> done;
    {
        const Obstacle obstacle(authenticator);
        for (const char peer : peers) {
            authenticator.verify(alice_wrong, {peer}, [&, peer](Verdict) {
                order.push_back(peer);
                if (order.size() == peers.size()) {
                    done.set_value();
                }
            });
        }
    }
    done.get_future().wait();
    return order;
}

TEST(Authenticator, ChecksTheFirstOfEachPeerBeforeTheSecondOfAny) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    EXPECT_EQ(order_of_checks(authenticator, "aaad"), "adaa");
}

TEST(Authenticator, GivesEverySecondCheckToKnownPeers) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret, "x"), Verdict::right);
    ASSERT_EQ(authenticator.known(alice_secret, "y"), Verdict::right) << "answered from the cache";
    // The obstacle was a check for an unknown peer.
    EXPECT_EQ(order_of_checks(authenticator, "abcdxxy"), "xaybxcd");
}

/// Guessers at `addresses` addresses, each with as many queued logins as a peer may have.
std::vector<Waiting> guessers(Authenticator& authenticator, std::size_t addresses) {
    std::vector<Waiting> all;
    for (std::size_t i = 0; i < addresses; ++i) {
        for (std::size_t j = 0; j < Authenticator::longest_queue_of_a_peer; ++j) {
            all.emplace_back(authenticator, alice_wrong, "guesser " + std::to_string(i));
        }
    }
    return all;
}

TEST(Authenticator, HasRoomForANewLoginWhileTwentyAddressesGuess) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    auto guesses = guessers(authenticator, 20);
    Waiting right(authenticator, alice_secret, "192.0.2.1");
    EXPECT_FALSE(right.is_refused());
    const auto refused =
        std::count_if(guesses.begin(), guesses.end(), [](Waiting& guess) { return guess.is_refused(); });
    EXPECT_EQ(static_cast<std::size_t>(refused),
              20 * Authenticator::longest_queue_of_a_peer + 1 - Authenticator::longest_queue);
    obstacle.remove();
    EXPECT_EQ(right.verdict(), Verdict::right);
}

TEST(Authenticator, ReservesRoomForKnownPeers) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret, "192.0.2.1"), Verdict::right);
    authenticator.replace(testing::users_of({{"alice", of_other}}));
    Obstacle obstacle(authenticator);
    const auto guesses = guessers(authenticator, 1000);
    Waiting changed(authenticator, alice_other, "192.0.2.1");
    EXPECT_FALSE(changed.is_refused());
    EXPECT_TRUE(Waiting(authenticator, alice_other, "192.0.2.2").is_refused());
    obstacle.remove();
    EXPECT_EQ(changed.verdict(), Verdict::right);
}

TEST(Authenticator, RemembersLoginsWhenTheSameUsersComeAgain) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret), Verdict::right);
    authenticator.replace(testing::users_of({{"alice", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), Verdict::right);
    authenticator.replace(testing::users_of({{"bob", of_secret}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), std::nullopt);
}

TEST(Authenticator, KeepsLoginsOfUnchangedUsers) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}, {"bob", of_other}}));
    ASSERT_EQ(verdict(authenticator, alice_secret), Verdict::right);
    ASSERT_EQ(verdict(authenticator, bob_other), Verdict::right);
    authenticator.replace(testing::users_of({{"alice", of_secret}, {"bob", of_secret}, {"carol", of_other}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), Verdict::right);
    EXPECT_EQ(authenticator.known(bob_other, somebody), std::nullopt) << "different password";
    authenticator.replace(testing::users_of({{"carol", of_other}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), std::nullopt) << "user removed";
}

TEST(Authenticator, TakesNoMoreLoginsThanItsQueueHolds) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    std::vector<Waiting> waiting;
    static_assert(Authenticator::longest_queue == 64, "as SECURITY.md says");
    for (std::size_t i = 0; i < Authenticator::longest_queue; ++i) {
        waiting.emplace_back(authenticator, alice_wrong, std::to_string(i));
    }
    EXPECT_TRUE(Waiting(authenticator, alice_secret, "last").is_refused());
    obstacle.remove();
    for (auto& login : waiting) {
        EXPECT_EQ(login.verdict(), Verdict::wrong);
    }
    EXPECT_EQ(verdict(authenticator, alice_secret), Verdict::right);
}

TEST(Authenticator, AcceptsALoginFromACallback) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    std::promise<Verdict> told;
    authenticator.verify(alice_wrong, "", [&](Verdict) {
        authenticator.verify(alice_secret, "", [&](Verdict verdict) { told.set_value(verdict); });
    });
    EXPECT_EQ(told.get_future().get(), Verdict::right);
}

TEST(Authenticator, ContinuesAfterACallbackThrows) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    authenticator.verify(alice_wrong, somebody, [](Verdict) { throw std::bad_alloc(); });
    EXPECT_EQ(verdict(authenticator, alice_secret), Verdict::right);
}

TEST(Authenticator, ForgetsLoginsOfUsersThatHaveBeenReplaced) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    ASSERT_EQ(verdict(authenticator, alice_secret), Verdict::right);
    authenticator.replace(testing::users_of({{"alice", of_other}}));
    EXPECT_EQ(authenticator.known(alice_secret, somebody), std::nullopt);
    EXPECT_EQ(verdict(authenticator, alice_secret), Verdict::wrong);
}

TEST(Authenticator, ChecksQueuedLoginsWithNewUsers) {
    Authenticator authenticator(testing::users_of({{"alice", of_secret}}));
    Obstacle obstacle(authenticator);
    Waiting alice(authenticator, alice_secret, "a");
    Waiting bob(authenticator, bob_other, "b");
    authenticator.replace(testing::users_of({{"bob", of_other}}));
    obstacle.remove();
    EXPECT_EQ(alice.verdict(), Verdict::wrong);
    EXPECT_EQ(bob.verdict(), Verdict::right);
}

TEST(Authenticator, ChecksALoginInProgressAgainstNewUsers) {
    Authenticator authenticator(testing::users_of({{"alice", slow_of_secret}}));
    Waiting before(authenticator, alice_wrong, "a");
    Waiting alice(authenticator, alice_secret, "a");
    EXPECT_EQ(before.verdict(), Verdict::wrong);  // The other check starts here and is slow.
    authenticator.replace(testing::users_of({{"bob", of_other}}));
    EXPECT_EQ(alice.verdict(), Verdict::wrong);
    EXPECT_EQ(authenticator.known(alice_secret, somebody), std::nullopt);
}

TEST(Authenticator, GivesNoVerdictDuringDestruction) {
    auto authenticator = std::make_unique<Authenticator>(testing::users_of({{"alice", slow_of_secret}}));
    Waiting before(*authenticator, alice_wrong, "a");
    std::atomic<int> told = 0;
    authenticator->verify(alice_secret, "a", [&](Verdict) { ++told; });
    authenticator->verify(alice_secret, "a", [&](Verdict) { ++told; });
    EXPECT_EQ(before.verdict(), Verdict::wrong);  // The second check starts here and is slow.
    authenticator.reset();
    EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace exporter::http
