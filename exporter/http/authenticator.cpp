#include "http/authenticator.h"

#include "base/text.h"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>

namespace exporter::http {
namespace {

constexpr std::size_t prefix_size = std::string_view("$2b$10$").size();
constexpr std::size_t salt_size = 22;
constexpr std::size_t hash_size = prefix_size + salt_size + 31;
constexpr unsigned lowest_cost = 4;
constexpr std::size_t longest_password = 72;
constexpr unsigned highest_cost = 16;

struct Wipe {
    void operator()(crypt_data* data) const {
        ::OPENSSL_cleanse(data, sizeof(crypt_data));
        delete data;
    }
};

bool is_of_the_alphabet(char c) {
    return base::is_alphanumeric(c) || c == '.' || c == '/';
}

/// The default of Go's bcrypt.
constexpr unsigned default_cost = 10;

Digest hmac_sha256(const Digest& key, std::string_view message) {
    Digest digest{};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), digest.data(),
               nullptr) == nullptr) {
        std::abort();  // Fails only if memory runs out. A constant digest would let anyone in.
    }
    return digest;
}

/// Aborts if there is no randomness: there is no fallback.
Digest random_key() {
    Digest key{};
    if (::RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
        std::abort();
    }
    return key;
}

/// If `done` runs out of memory, its verdict is lost; the check's time limit then ends the connection.
void tell(const Authenticator::Done& done, Verdict verdict) noexcept {
    try {
        done(verdict);
    } catch (const std::exception&) {
        // Other checks are waiting.
    }
}

}  // namespace

std::optional<Credentials> parse_basic_authorization(std::string_view authorization) {
    constexpr std::string_view scheme = "Basic ";
    if (!base::begins_with(authorization, scheme)) {
        return std::nullopt;
    }
    auto token = authorization.substr(scheme.size());
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    const base::Secret decoded(base::decode_base64(token).value_or(base::WipedBytes()));
    const auto text = decoded.expose();
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    return Credentials{std::string(text.substr(0, colon)), base::Secret(std::string(text.substr(colon + 1)))};
}

tl::expected<BcryptHash, std::string_view> BcryptHash::parse(std::string_view text) {
    const bool has_its_size = text.size() == hash_size;
    const auto version = has_its_size ? text.substr(0, 4) : "";
    const auto cost = has_its_size ? base::parse_number<unsigned>(text.substr(4, 2)) : std::nullopt;
    const auto rest = has_its_size ? text.substr(prefix_size) : "";
    if ((version != "$2a$" && version != "$2b$" && version != "$2y$") || !cost || *cost < lowest_cost ||
        text[prefix_size - 1] != '$' || !std::all_of(rest.begin(), rest.end(), is_of_the_alphabet)) {
        return tl::unexpected<std::string_view>(
            "is not the bcrypt hash of a password ($2y$10$ and 53 more characters); htpasswd -nBC 10 \"\" "
            "makes one");
    }
    if (*cost > highest_cost) {
        return tl::unexpected<std::string_view>(
            "has a cost above 16, which takes seconds for each password that anybody sends; 10 to 12 is "
            "usual");
    }
    return BcryptHash(fmt::format("$2b${}", text.substr(version.size())));
}

BcryptHash BcryptHash::of_nothing(unsigned cost) {
    return BcryptHash(fmt::format("$2b${:02}${}", cost, std::string(hash_size - prefix_size, '.')));
}

unsigned BcryptHash::cost() const {
    return base::parse_number<unsigned>(std::string_view(text_).substr(4, 2)).value_or(highest_cost);
}

bool BcryptHash::can_match(const base::Secret& password) {
    const std::string_view text = password.expose();
    return text.size() <= longest_password && text.find('\0') == std::string_view::npos;
}

bool BcryptHash::matches(const base::Secret& password) const {
    if (!can_match(password)) {
        return false;
    }
    const std::unique_ptr<crypt_data, Wipe> data(new crypt_data());
    const char* const hash =
        ::crypt_rn(password.expose().data(), text_.c_str(), data.get(), static_cast<int>(sizeof(crypt_data)));
    const std::string_view made = hash != nullptr ? hash : "";
    // The salt's last character has unused bits, so crypt may return a different one.
    constexpr std::size_t compared_from = prefix_size + salt_size;
    return made.size() == hash_size &&
           ::CRYPTO_memcmp(made.data() + compared_from, text_.data() + compared_from,
                           hash_size - compared_from) == 0;
}

Users::Users(std::map<std::string, BcryptHash> hashes) : known_(std::move(hashes)) {
    std::string all;
    for (const auto& [user, hash] : known_) {
        unknown_.push_back(BcryptHash::of_nothing(hash.cost()));
        all += hash.text();
    }
    if (unknown_.empty()) {
        unknown_.push_back(BcryptHash::of_nothing(default_cost));
    }
    // The hashes are as secret as a key, and the same after a restart.
    const Digest digest = hmac_sha256({}, all);
    std::memcpy(&key_, digest.data(), sizeof key_);
}

const BcryptHash& Users::hash_for(const std::string& user) const {
    // Always computed, so that the time does not depend on whether the user exists.
    const std::size_t number = base::text_hash(user, key_) % unknown_.size();
    const auto found = known_.find(user);
    return found != known_.end() ? found->second : unknown_[number];
}

bool Users::admit(const Credentials& credentials) const {
    const bool matches = hash_for(credentials.user).matches(credentials.password);
    return matches && known_.find(credentials.user) != known_.end();
}

LoginCache::LoginCache(std::size_t capacity) : Recent(capacity), key_(random_key()) {}

// A user name has no colon, and the password is hashed separately, so no two logins have the same encoding.
Digest LoginCache::fingerprint(const Credentials& credentials, const BcryptHash& hash) const {
    return hmac_sha256(hmac_sha256(key_, fmt::format("{}:{}", credentials.user, hash.text())),
                       credentials.password.expose());
}

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
        auto verdict = Verdict::too_many;
        try {
            verdict = is_right(*job) ? Verdict::right : Verdict::wrong;
        } catch (const std::exception&) {
            // Memory ran out.
        }
        const std::scoped_lock lock(telling_);
        if (ended_) {
            return;
        }
        tell(job->done, verdict);
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

bool Authenticator::is_right(const Job& job) {
    if (!job.credentials) {
        return false;
    }
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto users = users_;
        const auto fingerprint = cache_.fingerprint(*job.credentials, users->hash_for(job.credentials->user));
        // The same login may have been queued twice.
        bool matches = cache_.contains(fingerprint);
        if (!matches) {
            lock.unlock();
            matches = users->admit(*job.credentials);
            lock.lock();
        }
        if (users == users_) {
            if (matches) {
                cache_.insert(fingerprint);
                proven_.insert(job.peer);
            }
            return matches;
        }
    }
}

}  // namespace exporter::http
