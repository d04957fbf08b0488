#include "http/roster.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace exporter::http {
namespace {

using namespace std::chrono_literals;

constexpr RosterLimits limits = {.connections = 3, .connections_of_peer = 2};
/// The limits in the order of the phases.
constexpr PhaseLimits longest = {10s, 20s, 30s, 40s, 5s};

/// A roster driven by a script of words:
///
///     a@1   connection a arrives from peer 1, a@- from a Unix socket
///     a=i   a enters a phase: r(eceiving), i(dle), v(erifying), a(nswering), l(ingering)
///     a>    a's client reads part of its response
///     -a    a closes
///     +10   10 s pass, then overdue connections are closed
///     stalled<5  close a client that has read nothing for over 5 s, to make room
///     longest, idle, drain, all  close the longest waiting, the idle, all that wait, all
///
/// `events` lists the connections that were closed, in order, and those that were rejected: a! at the total
/// limit, a? at the limit of its peer.
class Played {
  public:
    explicit Played(const std::string& script) {
        std::istringstream words(script);
        for (std::string word; words >> word;) {
            play(word);
        }
    }

    [[nodiscard]] const std::string& events() const { return events_; }

    /// The names of the open connections.
    [[nodiscard]] std::string open() const {
        std::string names;
        for (const auto& [name, member] : members_) {
            if (member->place) {
                names += name;
            }
        }
        EXPECT_EQ(roster_.size(), names.size());
        return names;
    }

    [[nodiscard]] const Roster& roster() const { return roster_; }

  private:
    struct Member final : Connection {
        explicit Member(Played& owner, char called) : played(owner), name(called) {}
        void close() override {
            played.roster_.leave(*std::exchange(place, std::nullopt));
            played.events_ += name;
        }

        Played& played;
        char name;
        std::optional<Roster::Place> place;
    };

    void play(const std::string& word) {
        if (word.starts_with("stalled<")) {
            roster_.close_longest_stalled(now_ - std::chrono::seconds(std::stoi(word.substr(8))));
        } else if (word == "longest") {
            roster_.close_longest_waiting();
        } else if (word == "idle") {
            roster_.close_if([](const Roster::Entry& entry) { return entry.phase == Phase::idle; });
        } else if (word == "drain") {
            roster_.drain();
        } else if (word == "all") {
            roster_.close_if([](const Roster::Entry&) { return true; });
        } else if (word[0] == '+') {
            now_ += std::chrono::seconds(std::stoi(word.substr(1)));
            roster_.close_overdue(now_, longest);
        } else if (word[0] == '-') {
            roster_.leave(*std::exchange(members_.at(word[1])->place, std::nullopt));
        } else if (word[1] == '@') {
            come(word[0], word[2]);
        } else if (word[1] == '=') {
            roster_.move(*members_.at(word[0])->place, phase_of(word[2]), now_);
        } else if (word[1] == '>') {
            roster_.note_progress(*members_.at(word[0])->place, now_);
        } else {
            FAIL() << word;
        }
    }

    void come(char name, char from) {
        const Peer peer = from == '-' ? Peer() : Peer(1, from);
        const auto refusal = roster_.admit(peer);
        if (!refusal) {
            auto& member = members_[name] = std::make_unique<Member>(*this, name);
            member->place = roster_.enter(*member, peer, now_);
        } else {
            events_ += name;
            events_ += refusal == 503U ? '!' : '?';
        }
    }

    static Phase phase_of(char initial) {
        const std::map<char, Phase> phases = {{'r', Phase::receiving},
                                              {'i', Phase::idle},
                                              {'v', Phase::verifying},
                                              {'a', Phase::answering},
                                              {'l', Phase::lingering}};
        return phases.at(initial);
    }

    Roster roster_{limits};
    Roster::Time now_{1h};
    std::string events_;
    std::map<char, std::unique_ptr<Member>> members_;
};

struct Case {
    const char* name;
    const char* script;
    const char* events;
    const char* open;
};

class RosterOf : public ::testing::TestWithParam<Case> {};

TEST_P(RosterOf, ClosesTheRightOnes) {
    const Played played(GetParam().script);
    EXPECT_EQ(played.events(), GetParam().events);
    EXPECT_EQ(played.open(), GetParam().open);
}

INSTANTIATE_TEST_SUITE_P(
    Admission, RosterOf,
    ::testing::Values(Case{"FewerThanTheLimit", "a@1 b@2 c@3", "", "abc"},
                      Case{"OneMoreThanTheLimit", "a@1 b@2 c@3 d@4", "a", "bcd"},
                      Case{"OneMoreWhileTheFirstIsAnswered", "a@1 b@2 c@3 a=a d@4", "b", "acd"},
                      Case{"OneMoreWhileTheFirstIsVerified", "a@1 b@2 c@3 a=v d@4", "b", "acd"},
                      Case{"OneMoreWhileTheFirstLingers", "a@1 b@2 c@3 a=a a=l d@4", "b", "acd"},
                      Case{"OneMoreWhileOnlyOneLingers", "a@1 b@2 c@3 a=a a=l b=a c=a d@4", "a", "bcd"},
                      Case{"OneMoreWhileAllAreServed", "a@1 b@2 c@3 a=a b=v c=a d@4", "d!", "abc"},
                      Case{"OneMoreWhileAnAnsweredOneIdles", "a@1 b@2 c@3 a=a b=a c=a a=i d@4", "a", "bcd"},
                      Case{"AWaitThatBeganAfterAnAnswer", "a@1 b@2 c@3 a=a a=i d@4", "b", "acd"},
                      Case{"AWaitThatGoesOnFromIdleToReceiving", "a@1 a=a a=i b@2 c@3 a=r d@4", "a", "bcd"},
                      Case{"OneAfterAnotherHasGone", "a@1 b@2 c@3 -b d@4", "", "acd"},
                      Case{"OneAfterTheRefused", "a@1 b@2 c@3 a=a b=a c=a d@4 b=i e@5", "d!b", "ace"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    AdmissionOfAPeer, RosterOf,
    ::testing::Values(Case{"OneMoreThanItsLimit", "x@9 a@1 b@1 c@1", "a", "bcx"},
                      Case{"OneMoreWhileItsFirstIsAnswered", "x@9 a@1 b@1 a=a c@1", "b", "acx"},
                      Case{"OneMoreWhileAllItsOwnAreServed", "x@9 a@1 b@1 a=a b=v c@1", "c?", "abx"},
                      Case{"OneMoreThanBothLimits", "x@9 a@1 b@1 x=a c@1 d@2 e@3", "abc", "dex"},
                      Case{"OneAfterItsOwnHasGone", "a@1 b@1 -a c@1", "", "bc"},
                      Case{"OneAfterAllItsOwnHaveGone", "a@1 b@1 -a -b c@1 d@1 e@1", "c", "de"},
                      Case{"AnotherPeer", "a@1 b@1 c@2", "", "abc"}, Case{"NoPeer", "a@- b@- c@-", "", "abc"},
                      Case{"NoPeerAtTheLimitOfAll", "a@- b@- c@- d@-", "a", "bcd"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Deadline, RosterOf,
    ::testing::Values(Case{"OfReceiving", "a@1 +9 b@2 +1", "a", "b"},
                      Case{"OfIdle", "a@1 a=i +19 b@2 +1", "a", "b"},
                      Case{"OfVerifying", "a@1 a=v +29 b@2 +1", "a", "b"},
                      Case{"OfAnswering", "a@1 a=a +39 b@2 +1", "a", "b"},
                      Case{"OfLingering", "a@1 a=l +4 b@2 +1", "a", "b"},
                      Case{"IsNotExtendedByProgress", "a@1 a=a +39 a> +1", "a", ""},
                      Case{"OfReceivingBeginsWithTheRequest", "a@1 a=i +19 a=r +9", "", "a"},
                      Case{"OfReceivingAfterIdle", "a@1 a=i +19 a=r +10", "a", ""},
                      Case{"OfSeveralClosesThemAll", "a@1 b@2 c@3 c=a b=l +100", "abc", ""}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Stall, RosterOf,
    ::testing::Values(Case{"OfNobody", "a@1 b@2 stalled<5", "", "ab"},
                      Case{"OfTheWaitingIsNone", "a@1 b@2 b=v +9 stalled<5", "", "ab"},
                      Case{"TooShort", "a@1 a=a +5 stalled<5", "", "a"},
                      Case{"LongEnough", "a@1 a=a +6 stalled<5", "a", ""},
                      Case{"ClosesTheLongestAlone", "a@1 b@2 b=a +1 a=a +6 stalled<5", "b", "a"},
                      Case{"EndsWithProgress", "a@1 b@2 a=a +1 b=a +6 a> stalled<5", "b", "a"},
                      Case{"EndsWithTheAnswer", "a@1 b@2 a=a b=a +6 a=i stalled<5", "b", "a"},
                      Case{"BeginsAgainWithTheNextAnswer", "a@1 a=a +6 a=i a=a stalled<5", "", "a"},
                      Case{"ProgressOfTheWaitingIsNone", "a@1 a> +6 stalled<5", "", "a"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(AtOnce, RosterOf,
                         ::testing::Values(Case{"TheLongestWaiting", "a@1 b@2 a=a a=i longest", "b", "a"},
                                           Case{"TheLongestWaitingOfNone", "a@1 a=a longest", "", "a"},
                                           Case{"Idle", "a@1 b@2 c@3 b=i c=a c=l idle", "b", "ac"},
                                           Case{"DrainingClosesWhatWaits", "a@1 b@2 c@3 b=a c=v drain", "a",
                                                "bc"},
                                           Case{"DrainingClosesTheIdleAndLingeringToo",
                                                "a@1 b@2 c@3 b=a b=i c=l drain", "acb", ""},
                                           Case{"All", "a@1 b@2 c@3 b=a c=v all", "acb", ""}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Roster, ReportsDraining) {
    EXPECT_FALSE(Played("a@1").roster().draining());
    EXPECT_TRUE(Played("a@1 drain").roster().draining());
}

TEST(Roster, CountsConnectionsBeingAnswered) {
    EXPECT_EQ(Played("a@1 b@2 c@3 a=a b=a c=v").roster().answering(), 2U);
    EXPECT_EQ(Played("a@1 b@2 a=a b=a a=i -b").roster().answering(), 0U);
}

}  // namespace
}  // namespace exporter::http
