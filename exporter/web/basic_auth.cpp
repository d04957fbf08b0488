#include "web/basic_auth.h"

#include <algorithm>
#include <utility>

namespace exporter::web {

Authenticator::Authenticator(Users users)
    : users_(std::make_shared<const Users>(std::move(users))),
      worker_([this](const std::stop_token& stop) { work(stop); }) {}

Authenticator::~Authenticator() {
    const std::scoped_lock lock(telling_);
    ended_ = true;
    worker_.request_stop();
}

std::optional<bool> Authenticator::known(std::string_view authorization) const {
    const auto credentials = parse_basic_authorization(authorization);
    if (!credentials || !BcryptHash::can_match(credentials->password)) {
        return false;
    }
    const auto fingerprint = cache_.fingerprint(*credentials);
    const std::scoped_lock lock(mutex_);
    return cache_.contains(fingerprint) ? std::optional(true) : std::nullopt;
}

bool Authenticator::verify(std::string_view authorization, std::string peer, Done done) {
    auto credentials = parse_basic_authorization(authorization);
    const std::scoped_lock lock(mutex_);
    const auto turn = static_cast<std::size_t>(
        std::count_if(queue_.begin(), queue_.end(), [&](const Job& job) { return job.peer == peer; }));
    if (queue_.size() >= longest_queue || turn >= longest_queue_of_a_peer) {
        return false;
    }
    // Everybody's first before anybody's second.
    const auto place =
        std::find_if(queue_.begin(), queue_.end(), [turn](const Job& job) { return job.turn > turn; });
    queue_.insert(place, {std::move(credentials), std::move(peer), turn, std::move(done)});
    changed_.notify_one();
    return true;
}

void Authenticator::replace(Users users) {
    auto replacement = std::make_shared<const Users>(std::move(users));
    const std::scoped_lock lock(mutex_);
    if (replacement->are_those_of(*users_)) {
        return;
    }
    users_.swap(replacement);
    cache_.clear();
}

void Authenticator::work(const std::stop_token& stop) {
    while (const auto job = next_job(stop)) {
        const bool verdict = job->credentials && judge(*job->credentials);
        const std::scoped_lock lock(telling_);
        if (ended_) {
            return;
        }
        job->done(verdict);
    }
}

std::optional<Authenticator::Job> Authenticator::next_job(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); }) || stop.stop_requested()) {
        return std::nullopt;
    }
    std::optional job(std::move(queue_.front()));
    queue_.pop_front();
    return job;
}

bool Authenticator::judge(const Credentials& credentials) {
    const auto fingerprint = cache_.fingerprint(credentials);
    for (;;) {
        std::unique_lock lock(mutex_);
        // The same login may have waited twice.
        if (cache_.contains(fingerprint)) {
            return true;
        }
        const auto users = users_;
        lock.unlock();
        const bool admitted = users->admit(credentials);
        lock.lock();
        if (users != users_) {
            continue;
        }
        if (admitted) {
            cache_.insert(fingerprint);
        }
        return admitted;
    }
}

}  // namespace exporter::web
