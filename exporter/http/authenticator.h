// The password check of HTTP's Basic scheme, off the serving thread: bcrypt is made to be slow.
#pragma once

#include "http/users.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace exporter::http {

/// Who is next when many peers wait for the same thing: each in turn, however many jobs one of them has.
/// Not for several threads at once.
template <class Job>
class FairQueue {
  public:
    /// @param longest how many jobs may wait
    /// @param longest_of_peer how many of them may be one peer's
    FairQueue(std::size_t longest, std::size_t longest_of_peer)
        : longest_(longest), longest_of_peer_(longest_of_peer) {}

    /// When the queue is full, the peer with the most jobs gives up its newest for a peer with at least two
    /// fewer. So a peer that has none waiting is turned away only while `longest` others wait.
    ///
    /// @return the job that there is no room for: another peer's, or `job` itself
    [[nodiscard]] std::optional<Job> push(std::string_view peer, Job job) {
        const auto line = line_of(peer);
        const std::size_t waiting = line == lines_.end() ? 0 : line->jobs.size();
        if (waiting >= longest_of_peer_) {
            return job;
        }
        std::optional<Job> removed;
        if (size_ >= longest_) {
            const auto most = std::max_element(
                lines_.begin(), lines_.end(),
                [](const Line& one, const Line& other) { return one.jobs.size() < other.jobs.size(); });
            if (most == lines_.end() || most->jobs.size() < waiting + 2) {
                return job;
            }
            removed = std::move(most->jobs.back());
            most->jobs.pop_back();
            --size_;
        }
        if (line == lines_.end()) {
            lines_.push_back({std::string(peer), {}});
            lines_.back().jobs.push_back(std::move(job));
        } else {
            line->jobs.push_back(std::move(job));
        }
        ++size_;
        return removed;
    }

    /// The first job of the peer whose turn it is; none when no job waits.
    [[nodiscard]] std::optional<Job> pop() {
        if (lines_.empty()) {
            return std::nullopt;
        }
        auto& jobs = lines_.front().jobs;
        std::optional<Job> job(std::move(jobs.front()));
        jobs.pop_front();
        --size_;
        if (jobs.empty()) {
            lines_.pop_front();
        } else {
            lines_.splice(lines_.end(), lines_, lines_.begin());
        }
        return job;
    }

    [[nodiscard]] bool empty() const { return lines_.empty(); }

  private:
    /// Never empty.
    struct Line {
        std::string peer;
        std::deque<Job> jobs;
    };

    [[nodiscard]] typename std::list<Line>::iterator line_of(std::string_view peer) {
        return std::find_if(lines_.begin(), lines_.end(),
                            [&](const Line& line) { return line.peer == peer; });
    }

    const std::size_t longest_;
    const std::size_t longest_of_peer_;
    std::list<Line> lines_;  ///< the one whose turn it is first
    std::size_t size_ = 0;
};

enum class Verdict {
    right,
    wrong,
    too_many  ///< not checked: too many wait, or memory ran out
};

/// Any thread may call anything, `done` too, which only must not destroy the object.
///
/// Two queues share the worker, one check each in turn: that of the peers that had a login right before, and
/// that of all others. So guessers, however many, neither take the known peers' places nor more than every
/// second check from them.
class Authenticator {
  public:
    /// Told the verdict, on the worker's thread or on one that calls `verify`. Waits for nothing that the
    /// destroying thread may hold. What it throws is dropped.
    using Done = std::function<void(Verdict)>;

    /// Of each of the two. At bcrypt's usual cost of 10, 64 checks take 5 s: half of what Prometheus waits.
    static constexpr std::size_t longest_queue = 64;
    /// Of one peer: room for the connections that a scraper opens at once.
    static constexpr std::size_t longest_queue_of_a_peer = 4;
    /// How many peers are remembered for a login that was right.
    static constexpr std::size_t most_proven_peers = 256;

    explicit Authenticator(Users users);
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    /// What still waits is never told. Waits for the one check that is under way, if any: better not on the
    /// serving thread while it serves.
    ~Authenticator();

    /// At once: wrong where there is no well-formed header, or a password that can't be anybody's; right
    /// where this login was right before. None: `verify` it.
    ///
    /// @param authorization the header's value, empty when there is none
    /// @param peer as of `verify`
    [[nodiscard]] std::optional<Verdict> known(std::string_view authorization, const std::string& peer);

    /// Checks it in its turn: the peers take turns, with one check each. Every login that is verified takes
    /// about the same time, whoever it is for. A peer that has none waiting is turned away only while
    /// `longest_queue` others wait.
    ///
    /// @param peer by whom the queue is shared fairly: an address, or a network's
    void verify(std::string_view authorization, const std::string& peer, Done done);

    /// From now on no login of the users before is right, unless it is one of the new as well; those that
    /// wait or are being checked are judged by the new. Logins of users whose hash stays are not forgotten:
    /// they would have to compete with strangers for a check.
    void replace(Users users);

  private:
    struct Job {
        std::optional<Credentials> credentials;  ///< none: ill-formed
        std::string peer;
        Done done;
    };

    void work(const std::stop_token& stop);
    [[nodiscard]] std::optional<Job> next_job(const std::stop_token& stop);
    [[nodiscard]] Verdict verdict_on(const Job& job) noexcept;
    [[nodiscard]] bool judge(const Credentials& credentials, const std::string& peer);

    std::mutex mutex_;  ///< protects all up to the next mutex; never held during a check
    std::condition_variable_any changed_;
    std::shared_ptr<const Users> users_;
    LoginCache cache_{256};
    Recent<std::string> proven_{most_proven_peers};  ///< peers that had a login right, of whatever users
    /// Of the proven, then of all others.
    std::array<FairQueue<Job>, 2> queues_{FairQueue<Job>{longest_queue, longest_queue_of_a_peer},
                                          FairQueue<Job>{longest_queue, longest_queue_of_a_peer}};
    std::size_t turn_ = 0;  ///< whose turn it is of the queues

    std::mutex telling_;  ///< held while `done` is called
    bool ended_ = false;  ///< by `telling_`: nobody is told any more

    std::jthread worker_;  ///< last: it uses all the others
};

}  // namespace exporter::http
