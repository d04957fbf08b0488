#include "http/authenticator.h"

#include <exception>
#include <utility>

namespace exporter::http {

namespace {

/// Nobody is told what `done` has no memory for; that a check takes too long ends the connection.
void tell(const Authenticator::Done& done, Verdict verdict) noexcept {
    try {
        done(verdict);
    } catch (const std::exception&) {
        // Others wait for their turn.
    }
}

}  // namespace

Authenticator::Authenticator(Users users)
    : users_(std::make_shared<const Users>(std::move(users))),
      worker_([this](const std::stop_token& stop) { work(stop); }) {}

Authenticator::~Authenticator() {
    const std::scoped_lock lock(telling_);
    ended_ = true;
    worker_.request_stop();
}

std::optional<Verdict> Authenticator::known(std::string_view authorization, const std::string& peer) {
    const auto credentials = parse_basic_authorization(authorization);
    if (!credentials || !BcryptHash::can_match(credentials->password)) {
        return Verdict::wrong;
    }
    const std::scoped_lock lock(mutex_);
    if (!cache_.contains(cache_.fingerprint(*credentials, users_->hash_for(credentials->user)))) {
        return std::nullopt;
    }
    proven_.insert(peer);
    return Verdict::right;
}

void Authenticator::verify(std::string_view authorization, const std::string& peer, Done done) {
    Job job{parse_basic_authorization(authorization), peer, std::move(done)};
    std::optional<Job> without_room;
    {
        const std::scoped_lock lock(mutex_);
        without_room = queues_.at(proven_.contains(peer) ? 0 : 1).push(peer, std::move(job));
        changed_.notify_one();
    }
    if (without_room) {
        tell(without_room->done, Verdict::too_many);
    }
}

void Authenticator::replace(Users users) {
    auto replacement = std::make_shared<const Users>(std::move(users));
    const std::scoped_lock lock(mutex_);
    users_.swap(replacement);
}

void Authenticator::work(const std::stop_token& stop) {
    while (const auto job = next_job(stop)) {
        const Verdict verdict = verdict_on(*job);
        const std::scoped_lock lock(telling_);
        if (ended_) {
            return;
        }
        tell(job->done, verdict);
    }
}

Verdict Authenticator::verdict_on(const Job& job) noexcept {
    try {
        return job.credentials && judge(*job.credentials, job.peer) ? Verdict::right : Verdict::wrong;
    } catch (const std::exception&) {
        return Verdict::too_many;  // Memory ran out.
    }
}

std::optional<Authenticator::Job> Authenticator::next_job(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto waits = [this] { return !queues_[0].empty() || !queues_[1].empty(); };
    if (!changed_.wait(lock, stop, waits) || stop.stop_requested()) {
        return std::nullopt;
    }
    if (queues_.at(turn_).empty()) {
        turn_ = 1 - turn_;
    }
    auto job = queues_.at(turn_).pop();
    turn_ = 1 - turn_;
    return job;
}

bool Authenticator::judge(const Credentials& credentials, const std::string& peer) {
    for (;;) {
        std::unique_lock lock(mutex_);
        const auto users = users_;
        const auto fingerprint = cache_.fingerprint(credentials, users->hash_for(credentials.user));
        // The same login may have waited twice.
        bool is_right = cache_.contains(fingerprint);
        if (!is_right) {
            lock.unlock();
            is_right = users->admit(credentials);
            lock.lock();
            if (users != users_) {
                continue;
            }
        }
        if (is_right) {
            cache_.insert(fingerprint);
            proven_.insert(peer);
        }
        return is_right;
    }
}

}  // namespace exporter::http
