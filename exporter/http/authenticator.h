// HTTP Basic authentication (RFC 7617): users and password hashes (exporter-toolkit's `basic_auth_users`), a
// cache of successful logins, and checks of other logins off the serving thread, because bcrypt is slow by
// design.
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
    std::string user;  ///< contains no colon
    base::Secret password;
};

/// Strict: `Basic` in any case, then spaces, then padded base64 of `user:password`. Both parts may be empty
/// or contain any bytes.
///
/// @param authorization the header's value; several values, joined by commas, are invalid
[[nodiscard]] std::optional<Credentials> parse_basic_authorization(std::string_view authorization);

/// A bcrypt hash, checked with libxcrypt, in the format of `htpasswd -B`: `$2y$10$` and 53 more characters.
/// Immutable.
class BcryptHash {
  public:
    /// Accepts `$2a$`, `$2b$` and `$2y$` as the same algorithm, as Go does: they mark historical bugs in
    /// other programs. Accepts a cost of at most 16. bcrypt allows 31, but each step doubles the CPU time per
    /// password, and 16 already takes several seconds.
    ///
    /// @return the error is worded to follow the hash's place, and never quotes the hash
    [[nodiscard]] static tl::expected<BcryptHash, std::string_view> parse(std::string_view text);

    /// A hash that no known password matches.
    ///
    /// @param cost 4 to 16
    [[nodiscard]] static BcryptHash of_nothing(unsigned cost);

    /// Whether both are the same hash; the version prefix does not matter.
    friend bool operator==(const BcryptHash&, const BcryptHash&) = default;

    /// 4 to 16: each step doubles the time.
    [[nodiscard]] unsigned cost() const;

    /// `$2b$`, cost, salt and result.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// Takes about 70 ms at cost 10. A password that bcrypt would truncate (at a NUL character, which RFC
    /// 7617 allows, or after 72 bytes) never matches and is refused immediately.
    [[nodiscard]] bool matches(const base::Secret& password) const;

    /// Whether the password can match any hash, so that `matches` has to run bcrypt.
    [[nodiscard]] static bool can_match(const base::Secret& password);

  private:
    explicit BcryptHash(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// An HMAC-SHA256 (RFC 2104), or a key for one.
using Digest = std::array<unsigned char, 32>;

/// Immutable.
class Users {
  public:
    /// @param hashes by user; empty: every login fails
    explicit Users(std::map<std::string, BcryptHash> hashes);

    /// Takes the time of one bcrypt check, whether or not the user exists.
    [[nodiscard]] bool admit(const Credentials& credentials) const;

    /// The hash to compare a user's password with. An unknown user gets a hash with one of the existing
    /// costs, always the same one as long as the users don't change, even across restarts; otherwise the
    /// timing would reveal which users exist.
    [[nodiscard]] const BcryptHash& hash_for(const std::string& user) const;

  private:
    std::map<std::string, BcryptHash> known_;
    std::vector<BcryptHash> unknown_;  ///< one for each known user, with the same cost; at least one
    base::HashKey key_;
};

/// The most recently inserted items. Not thread-safe.
template <class T>
class Recent {
  public:
    /// @param capacity at least 1; beyond it, the oldest item is dropped
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] bool contains(const T& item) const {
        return std::find(items_.begin(), items_.end(), item) != items_.end();
    }

    /// An existing item keeps its age.
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
    std::deque<T> items_;  ///< oldest first
};

/// Successful logins, as fingerprints from which no password can be recovered. Not thread-safe, except
/// `fingerprint`.
class LoginCache : public Recent<Digest> {
  public:
    /// @param capacity at least 1; beyond it, the oldest login is dropped
    explicit LoginCache(std::size_t capacity);

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    ///
    /// @param hash the user's hash; if it changes, earlier logins are not found
    [[nodiscard]] Digest fingerprint(const Credentials& credentials, const BcryptHash& hash) const;

  private:
    const Digest key_;
};

/// A queue that takes one job from each waiting peer in turn, however many jobs a peer has. Not thread-safe.
template <class Job>
class FairQueue {
  public:
    /// @param longest maximum number of waiting jobs
    /// @param longest_of_peer maximum for a single peer
    FairQueue(std::size_t longest, std::size_t longest_of_peer)
        : longest_(longest), longest_of_peer_(longest_of_peer) {}

    /// When the queue is full, a peer's job replaces the newest job of the peer with the most, if that has at
    /// least two more. So a peer with no waiting job is rejected only while `longest` others wait.
    ///
    /// @return the rejected job, if any: another peer's, or `job` itself
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

    /// The first job of the next peer; nullopt if no job is waiting.
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
    /// A peer's jobs, at least one.
    struct Line {
        std::string peer;
        std::deque<Job> jobs;
    };

    const std::size_t longest_;
    const std::size_t longest_of_peer_;
    std::list<Line> lines_;  ///< next peer first
    std::size_t size_ = 0;
};

enum class Verdict {
    right,
    wrong,
    too_many  ///< not checked: the queue is full, or memory ran out
};

/// Thread-safe. `done` may call any method, but must not destroy the object.
///
/// The worker alternates between two queues: one for peers that have logged in successfully before, and one
/// for all others. So password guessers, however many, can't take known peers' places in the queue or more
/// than every second check.
class Authenticator {
  public:
    /// Receives the verdict, on the worker's thread or in `verify`. Must not wait for anything that the
    /// destroying thread may hold. Exceptions are ignored.
    using Done = std::function<void(Verdict)>;

    /// Maximum length of each of the two queues. At bcrypt's usual cost of 10 one full queue takes 5 s, half
    /// of Prometheus' timeout; both take 9 s.
    static constexpr std::size_t longest_queue = 64;
    /// Maximum for one peer: enough for the connections that a scraper opens at once.
    static constexpr std::size_t longest_queue_of_a_peer = 4;
    /// How many peers with a successful login are remembered.
    static constexpr std::size_t most_proven_peers = 256;

    explicit Authenticator(Users users);
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    /// Drops waiting checks without a verdict. Waits for the current check, if any, so avoid this on the
    /// serving thread.
    ~Authenticator();

    /// Never waits. Wrong if the header is malformed or the password can't match any hash; right if this
    /// login succeeded before; nullopt if `verify` has to check it.
    ///
    /// @param authorization the header's value, empty if there is none
    /// @param peer as for `verify`
    [[nodiscard]] std::optional<Verdict> known(std::string_view authorization, const std::string& peer);

    /// Queues a check; the peers take turns, with one check each. Every verification takes about the same
    /// time, for any user. A peer with no waiting check is rejected only while `longest_queue` others wait.
    ///
    /// @param peer key for sharing the queue fairly: an address or a network
    void verify(std::string_view authorization, const std::string& peer, Done done);

    /// Replaces the users. Waiting and current checks use the new users. Users whose hash stays the same keep
    /// their cached logins; otherwise they would have to compete with strangers for a check.
    void replace(Users users);

  private:
    struct Job {
        std::optional<Credentials> credentials;  ///< nullopt: malformed
        std::string peer;
        Done done;
    };

    void work(const std::stop_token& stop);
    [[nodiscard]] std::optional<Job> next_job(const std::stop_token& stop);
    [[nodiscard]] bool is_right(const Job& job);

    std::mutex mutex_;  ///< protects everything up to the next mutex; never held during a check
    std::condition_variable_any changed_;
    std::shared_ptr<const Users> users_;
    LoginCache cache_{256};
    Recent<std::string> proven_{most_proven_peers};  ///< peers with a successful login by any user
    /// For known peers, then for all others.
    std::array<FairQueue<Job>, 2> queues_{FairQueue<Job>{longest_queue, longest_queue_of_a_peer},
                                          FairQueue<Job>{longest_queue, longest_queue_of_a_peer}};
    std::size_t turn_ = 0;  ///< which queue is next

    std::mutex telling_;  ///< held while `done` is called
    bool ended_ = false;  ///< protected by `telling_`: verdicts are dropped

    std::jthread worker_;  ///< last, because it uses all other members
};

}  // namespace exporter::http
