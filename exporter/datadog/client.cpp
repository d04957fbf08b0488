#include "datadog/client.h"

#include "base/dates.h"
#include "datadog/masking.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace exporter::datadog {

namespace {

using std::chrono::steady_clock;

ClientOptions with_commons(ClientOptions options) {
    if (!options.commons) {
        options.commons = std::make_shared<Commons>("");
    }
    if (!options.answers) {
        options.answers = std::make_shared<AnswerMemory>(options.commons->answers);
    }
    return options;
}

Error no_room() {
    return {.kind = ErrorKind::too_large,
            .message = "a page over 256 KiB while other large pages use up the memory they share",
            .advice =
                "several large pages, of this or of other organizations, were read at once: lower "
                "--poll.page-size or --poll.concurrency",
            .no_room = true};
}

/// Assembles an answer's body while it arrives. Its error messages follow `… sent`.
class Body {
  public:
    /// @param gunzip created if needed, and reused for the next body
    Body(std::vector<char>& bytes, AnswerMemory::Share& memory, std::optional<Gunzip>& gunzip,
         std::size_t most)
        : bytes_(bytes), memory_(memory), gunzip_(gunzip), most_(most) {}

    /// False: the body is unusable.
    [[nodiscard]] bool begin(const AnswerHead& head) {
        const auto coding = content_coding_of(head);
        if (!coding) {
            fault_ = coding.error();
        } else if (*coding == ContentCoding::gzip) {
            if (!gunzip_) {
                gunzip_.emplace();
            }
            gunzip_->begin();
            is_compressed_ = true;
        }
        return !fault_;
    }

    /// False: the body is too long, or damaged.
    [[nodiscard]] bool take(std::string_view bytes) {
        if (!is_compressed_) {
            return append(bytes);
        }
        const bool taken = gunzip_->take(bytes, [this](std::string_view plain) { return append(plain); });
        if (!taken && !fault_) {
            fault_ = Error{ErrorKind::network, "a damaged gzip body: " + gunzip_->problem()};
        }
        return taken;
    }

    /// Call it after the last byte. Why the body is unusable; nullopt if it is complete.
    [[nodiscard]] std::optional<Error> fault() const {
        if (!fault_ && is_compressed_ && !gunzip_->is_whole()) {
            return Error{ErrorKind::network, "a truncated gzip body"};
        }
        return fault_;
    }

  private:
    /// The buffer grows by doubling, so all allocations together stay below twice the last one.
    bool append(std::string_view more) {
        const std::size_t size = bytes_.size() + more.size();
        if (size > most_) {
            fault_ = Error{ErrorKind::too_large, too_long_a_body(most_)};
            return false;
        }
        if (size >= bytes_.capacity()) {  // Leaves room for a NUL.
            const std::size_t capacity = std::min(std::max(2 * bytes_.capacity(), size + 1), most_ + 1);
            if (!memory_.grow_to(capacity)) {
                fault_ = no_room();
                return false;
            }
            bytes_.reserve(capacity);
        }
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return true;
    }

    std::vector<char>& bytes_;
    AnswerMemory::Share& memory_;
    std::optional<Gunzip>& gunzip_;
    const std::size_t most_;
    bool is_compressed_ = false;
    std::optional<Error> fault_;
};

}  // namespace

std::string Commons::renew_trust(const std::string& ca_file) {
    TlsContext fresh(ca_file);  // Read before the lock; the replaced one is freed after it.
    if (fresh.get() == nullptr) {
        return fresh.problem();
    }
    const std::lock_guard lock(mutex_);
    std::swap(trust_, fresh);
    return {};
}

Client::Client(ClientOptions options)
    : options_(with_commons(std::move(options))),
      transport_(Transport::make({.endpoint = options_.endpoint, .proxy = options_.proxy},
                                 options_.commons->trust())) {}

Answer Client::list(const PageRequest& request, const config::Credentials& credentials,
                    steady_clock::time_point deadline) {
    Answer answer{{}, tl::unexpected(Error{})};
    answer.page = guarded(credentials, answer.exchange,
                          [&] { return fetch_page(request, credentials, deadline, answer.exchange); });
    if (answer.page && answer.page->asked_at) {
        // `Date` is set when the answer is sent, after the tokens were read.
        *answer.page->asked_at -=
            std::chrono::duration_cast<base::Timestamp::duration>(answer.exchange.duration);
    }
    return answer;
}

UserAnswer Client::user(std::string_view id, const config::Credentials& credentials,
                        steady_clock::time_point deadline) {
    UserAnswer answer{{}, tl::unexpected(Error{})};
    answer.user = guarded(credentials, answer.exchange,
                          [&] { return fetch_user(id, credentials, deadline, answer.exchange); });
    if (!answer.user) {
        Error& error = answer.user.error();
        if (const std::string_view advice = user_advice(error.kind); !advice.empty()) {
            error.advice = advice;
        }
    }
    return answer;
}

template <class Fetch>
auto Client::guarded(const config::Credentials& credentials, Exchange& cost, const Fetch& fetch)
    -> decltype(fetch()) {
    const auto start = steady_clock::now();
    decltype(fetch()) outcome = tl::unexpected(Error{});
    try {
        outcome = fetch();
    } catch (const std::exception& exception) {
        // cpp-httplib, zlib or RapidJSON ran out of memory or threads; the connection's state is unknown.
        disconnect();
        outcome = tl::unexpected(Error{
            ErrorKind::internal, fmt::format("the request failed in this program: {}", exception.what())});
    }
    if (!outcome) {
        // A server or a proxy may answer with the request's own headers.
        mask_secrets(outcome.error().message, credentials);
        if (options_.proxy) {
            mask_proxy(outcome.error().message, *options_.proxy);
        }
    }
    cost.duration = steady_clock::now() - start;
    return outcome;
}

void Client::disconnect() {
    transport_->disconnect();
    gunzip_.reset();  // Buffers kept between polls would add up over many organizations.
}

Result<Page> Client::fetch_page(const PageRequest& request, const config::Credentials& credentials,
                                steady_clock::time_point deadline, Exchange& cost) {
    Page page;
    page.memory = AnswerMemory::Share(options_.answers);
    page.body.reserve(expected_body_bytes_ + 1);
    const auto head = exchange({.target = request_target(request),
                                .most_body_bytes = options_.max_body_bytes,
                                .body = page.body,
                                .memory = page.memory},
                               credentials, deadline, cost);
    if (!head) {
        return tl::unexpected(head.error());
    }
    expected_body_bytes_ = std::min(page.body.size(), AnswerMemory::ordinary);
    page.answered_at = base::parse_http_date(head->value("Date"));
    page.asked_at = page.answered_at;
    page.body.push_back('\0');
    if (auto outcome = parse_page(page); !outcome) {
        return tl::unexpected(unusable(std::move(outcome).error(), "page"));
    }
    if (!page.memory.grow_to(page.bytes())) {
        return tl::unexpected(sent(no_room()));
    }
    return page;
}

Result<User> Client::fetch_user(std::string_view id, const config::Credentials& credentials,
                                steady_clock::time_point deadline, Exchange& cost) {
    const auto target = user_target(id);
    if (!target) {
        cost.made = false;
        return tl::unexpected(
            Error{ErrorKind::not_found, fmt::format("`{}` can't be a user's id", one_line(id))});
    }
    std::vector<char> body;
    AnswerMemory::Share memory;  // A user's answer is too small to be counted.
    static_assert(longest_user_body <= AnswerMemory::ordinary);
    const auto head =
        exchange({.target = *target, .most_body_bytes = longest_user_body, .body = body, .memory = memory},
                 credentials, deadline, cost);
    if (!head) {
        return tl::unexpected(head.error());
    }
    body.push_back('\0');
    auto user = parse_user(body);
    if (!user) {
        return tl::unexpected(unusable(std::move(user).error(), "user"));
    }
    return user;
}

Result<AnswerHead> Client::exchange(const Errand& errand, const config::Credentials& credentials,
                                    steady_clock::time_point deadline, Exchange& cost) {
    if (deadline <= steady_clock::now()) {
        cost.made = false;
        return tl::unexpected(Error{ErrorKind::timeout, "no time was left for another request"});
    }
    Body body(errand.body, errand.memory, gunzip_, errand.most_body_bytes);
    const Transport::Request get{
        .target = errand.target,
        .fields = request_fields(credentials, options_.user_agent),
        .on_head = [&](const AnswerHead& head) { return body.begin(head); },
        .on_body = [&](std::string_view bytes) { return body.take(bytes); },
    };

    auto outcome = transport_->get(get, {.connect = options_.connect_timeout,
                                         .silence = options_.read_timeout,
                                         .deadline = deadline,
                                         .body_bytes = errand.most_body_bytes});

    cost.body_bytes = errand.body.size();
    std::optional<Error> fault = outcome.failure;
    if (const auto unfit = body.fault(); unfit && !fault) {
        fault = sent(*unfit);
    }
    if (fault) {
        disconnect();  // A server that sends damaged bytes may have miscounted them too.
    }
    // The status is reported even if the rest of an error answer is missing: people need to know it.
    if (fault && (fault->kind == ErrorKind::cancelled || !outcome.head || outcome.head->status == 200)) {
        return tl::unexpected(*std::move(fault));
    }
    AnswerHead& head = *outcome.head;
    cost.status = head.status;
    cost.rate_limit = rate_limit_of(head);
    if (head.status != 200) {
        return tl::unexpected(
            status_error(head, {errand.body.data(), errand.body.size()}, options_.endpoint.host));
    }
    return std::move(head);
}

Error Client::unusable(Error error, std::string_view what) const {
    error.message =
        fmt::format("{} answered a {} that can't be used: {}", options_.endpoint.host, what, error.message);
    return error;
}

Error Client::sent(Error error) const {
    error.message = fmt::format("{} sent {}", options_.endpoint.url(), error.message);
    return error;
}

}  // namespace exporter::datadog
