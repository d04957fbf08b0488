// Logins of HTTP's Basic scheme (RFC 7617): who may come in by which password, exporter-toolkit's
// `basic_auth_users`; which logins were right before; and the check of the others, off the serving thread:
// bcrypt is made to be slow.
#pragma once

#include "base/secret.h"
#include "base/text_hash.h"

#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace exporter::http {

struct Credentials {
    std::string user;  ///< without a colon
    base::Secret password;
};

/// Strict: the scheme in any case, then spaces, then base64 with its padding of `user:password`. Both parts
/// may be empty or hold any bytes.
///
/// @param authorization the header's value; several, joined by commas, are none
[[nodiscard]] std::optional<Credentials> parse_basic_authorization(std::string_view authorization);

/// bcrypt, by libxcrypt. As `htpasswd -B` writes it: `$2y$10$` with 53 more characters. Constant.
class BcryptHash {
  public:
    /// Takes `$2a$`, `$2b$` and `$2y$`, all to mean the right algorithm, as Go does: they mark historical
    /// bugs of other programs. bcrypt's cost goes up to 31, but each step doubles the work that anybody who
    /// sends a password causes: 16 is several seconds of a core, and the highest that is taken.
    ///
    /// @return or what is wrong, for a message behind the hash's place; never quotes it
    [[nodiscard]] static tl::expected<BcryptHash, std::string_view> parse(std::string_view text);

    /// One that no password is known for.
    ///
    /// @param cost 4 to 16
    [[nodiscard]] static BcryptHash of_nothing(unsigned cost);

    /// Whether both are the same hash, whichever of the versions was written.
    friend bool operator==(const BcryptHash&, const BcryptHash&) = default;

    /// 4 to 16: each step takes twice as long.
    [[nodiscard]] unsigned cost() const;

    /// `$2b$`, cost, salt and result.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// Takes some 70 ms at cost 10. A password of which bcrypt sees only a part (RFC 7617 allows NUL
    /// characters; bcrypt stops there, and after 72 bytes) matches nothing, and is refused at once.
    [[nodiscard]] bool matches(const base::Secret& password) const;

    /// Whether `matches` takes its time over it.
    [[nodiscard]] static bool can_match(const base::Secret& password);

  private:
    explicit BcryptHash(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// Of HMAC-SHA256 (RFC 2104); also a key for it.
using Digest = std::array<unsigned char, 32>;

/// Constant.
class Users {
  public:
    /// @param hashes by user; none: nobody comes in
    explicit Users(std::map<std::string, BcryptHash> hashes);

    /// Takes its time: that of bcrypt, whether there is such a user or not.
    [[nodiscard]] bool admit(const Credentials& credentials) const;

    /// What somebody's password is compared with. Somebody unknown has a hash of one of the costs there are,
    /// and of the same one for as long as the users stay, over restarts too: or the time it takes would tell
    /// who is known.
    [[nodiscard]] const BcryptHash& hash_for(const std::string& user) const;

  private:
    std::map<std::string, BcryptHash> known_;
    std::vector<BcryptHash> unknown_;  ///< one for each of the known, of its cost; at least one
    base::HashKey key_;
};

/// The newest few of what was inserted. Not for several threads at once.
template <class T>
class Recent {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] bool contains(const T& item) const {
        return std::find(items_.begin(), items_.end(), item) != items_.end();
    }

    /// What is there already keeps its age.
    void insert(T item) {
        if (contains(item)) {
            return;
        }
        if (items_.size() == capacity_) {
            items_.pop_front();
        }
        items_.push_back(std::move(item));
    }

  private:
    const std::size_t capacity_;
    std::deque<T> items_;  ///< the oldest first
};

/// Which logins were right, by fingerprints from which no password can be recovered. Not for several threads
/// at once, except `fingerprint`.
class LoginCache : public Recent<Digest> {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity);

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    ///
    /// @param hash the user's: with another one no login of before is found
    [[nodiscard]] Digest fingerprint(const Credentials& credentials, const BcryptHash& hash) const;

  private:
    const Digest key_;
};

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
        auto line =
            std::find_if(lines_.begin(), lines_.end(), [&](const Line& other) { return other.peer == peer; });
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
            line = lines_.insert(line, {std::string(peer), {}});
        }
        line->jobs.push_back(std::move(job));
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
    [[nodiscard]] bool is_right(const Job& job);

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
