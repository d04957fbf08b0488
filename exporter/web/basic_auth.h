// The password check of HTTP's Basic scheme, off the serving thread: bcrypt is made to be slow.
#pragma once

#include "web/login_cache.h"
#include "web/users.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace exporter::web {

/// Any thread may call anything, `done` too, which only must not destroy the object.
class Authenticator {
  public:
    /// Told the verdict on the worker's thread. Does not throw; waits for nothing that the destroying thread
    /// may hold.
    using Done = std::function<void(bool)>;

    static constexpr std::size_t longest_queue = 64;
    /// Of one peer: no address can fill the queue.
    static constexpr std::size_t longest_queue_of_a_peer = 4;

    explicit Authenticator(Users users);
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    /// What still waits is never told. Waits for the one check that is under way, if any: better not on the
    /// serving thread while it serves.
    ~Authenticator();

    /// At once: false where there is no well-formed header, or a password that can't be anybody's; true where
    /// this login was right before. None: `verify` it.
    ///
    /// @param authorization the header's value, empty when there is none
    [[nodiscard]] std::optional<bool> known(std::string_view authorization) const;

    /// Checks it in its turn: one of each peer that waits, then the second of each. Every login that is
    /// verified takes about the same time, whoever it is for.
    ///
    /// @param peer by whom the queue is shared fairly: an address, or a network's
    /// @return false: not now, too many wait; `done` is not called
    [[nodiscard]] bool verify(std::string_view authorization, std::string peer, Done done);

    /// From now on no login of the users before is right, unless it is one of the new as well; those that
    /// wait or are being checked are judged by the new. The same users again change nothing: no login is
    /// forgotten.
    void replace(Users users);

  private:
    struct Job {
        std::optional<Credentials> credentials;  ///< none: ill-formed
        std::string peer;
        std::size_t turn = 0;  ///< how many of the same peer waited before it
        Done done;
    };

    void work(const std::stop_token& stop);
    [[nodiscard]] std::optional<Job> next_job(const std::stop_token& stop);
    [[nodiscard]] bool judge(const Credentials& credentials);

    mutable std::mutex mutex_;  ///< protects the next four; never held during a check
    std::condition_variable_any changed_;
    std::shared_ptr<const Users> users_;
    LoginCache cache_{256};
    std::deque<Job> queue_;

    std::mutex telling_;  ///< held while `done` is called
    bool ended_ = false;  ///< by `telling_`: nobody is told any more

    std::jthread worker_;  ///< last: it uses all the others
};

}  // namespace exporter::web
