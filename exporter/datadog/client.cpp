#include "datadog/client.h"

#include "base/dates.h"
#include "datadog/answer_headers.h"
#include "datadog/commons.h"
#include "datadog/connection_guard.h"
#include "datadog/content_coding.h"
#include "datadog/masking.h"
#include "datadog/transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace exporter::datadog {

namespace {

using std::chrono::steady_clock;

Error make_error(ErrorKind kind, std::string message,
                 std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return {kind, std::move(message), retry_after};
}

/// What a status other than 200 means. Where `advice` is empty, that of the kind is right.
struct StatusRow {
    int status;
    ErrorKind kind;
    std::string_view advice = {};
    bool definitive = false;
};

constexpr std::array<StatusRow, 13> status_rows = {{
    {400, ErrorKind::bad_request},
    {401, ErrorKind::unauthorized},
    {402, ErrorKind::bad_request,
     "the organization's plan or account does not allow it: ask whoever manages the Datadog account"},
    {403, ErrorKind::forbidden},
    {404, ErrorKind::not_found},
    // A proxy's. Repeated log-ins with a wrong password lock an account.
    {407, ErrorKind::connect, {}, true},
    {408, ErrorKind::timeout},
    {414, ErrorKind::bad_request},
    {421, ErrorKind::bad_request,
     "the request reached a server that does not serve this host: check --datadog.base-url and proxies on "
     "the way"},
    {422, ErrorKind::bad_request},
    {429, ErrorKind::rate_limited},
    {431, ErrorKind::bad_request,
     "the request's headers are too long for a server on the way: check the credentials and proxies"},
    {451, ErrorKind::bad_request,
     "a filter on the way, or the law, forbids this host: ask whoever runs the network"},
}};

StatusRow row_of(int status) {
    const auto row = std::find_if(status_rows.begin(), status_rows.end(),
                                  [status](const StatusRow& one) { return one.status == status; });
    if (row != status_rows.end()) {
        return *row;
    }
    switch (status / 100) {
        case 3:
            return {status, ErrorKind::redirect};
        case 4:
            return {status, ErrorKind::bad_request,
                    "the API, or a proxy in its place, refuses the request: its words say what it knows"};
        case 5:
            return {status, ErrorKind::server_error};
        default:
            return {status, ErrorKind::bad_status};
    }
}

constexpr std::string_view no_room_beside_others =
    "a page over 256 KiB while other large pages use up the memory that they share";

/// Adds to the page's body, which grows by doubling: all its buffers together stay below twice the last.
///
/// @return what there is too much of; empty: nothing
std::string append(Page& page, std::string_view bytes, std::size_t max_bytes) {
    const std::size_t size = page.body.size() + bytes.size();
    if (size > max_bytes) {
        return fmt::format("more than the {} MiB that a page may have", max_bytes >> 20);
    }
    if (size >= page.body.capacity()) {  // There is to be room for a NUL.
        const std::size_t capacity = std::min(std::max(2 * page.body.capacity(), size + 1), max_bytes + 1);
        if (!page.memory.grow_to(capacity)) {
            return std::string(no_room_beside_others);
        }
        page.body.reserve(capacity);
    }
    page.body.insert(page.body.end(), bytes.begin(), bytes.end());
    return {};
}

ClientOptions with_commons(ClientOptions options) {
    if (!options.commons) {
        options.commons = std::make_shared<Commons>("");
    }
    if (!options.answers) {
        options.answers = std::make_shared<AnswerMemory>(options.commons->answers);
    }
    return options;
}

}  // namespace

class Client::Impl {
  public:
    explicit Impl(ClientOptions options)
        : options_(with_commons(std::move(options))),
          guard_(options_.commons->watchdog),
          transport_({.endpoint = options_.endpoint, .proxy = options_.proxy}, options_.commons->trust,
                     [this](int socket) { guard_.watch(socket); }) {}

    Answer list(const PageRequest& request, const config::Credentials& credentials,
                steady_clock::time_point deadline) {
        Answer answer{{}, tl::unexpected(Error{})};
        const auto start = steady_clock::now();
        try {
            answer = exchange(request, credentials, deadline);
        } catch (const std::exception& exception) {
            // cpp-httplib, zlib and RapidJSON run out of memory or threads; the connection's state is unknown
            // then.
            disconnect();
            answer.page = tl::unexpected(
                make_error(ErrorKind::internal,
                           fmt::format("the request failed in this program: {}", exception.what())));
        }
        if (!answer.page) {
            // A server or a proxy may answer with the request's own headers.
            mask_secrets(answer.page.error().message, credentials);
            if (options_.proxy) {
                mask_proxy(answer.page.error().message, *options_.proxy);
            }
        }
        answer.exchange.duration = steady_clock::now() - start;
        if (answer.page && answer.page->asked_at) {
            // Datadog's clock is asked when the answer goes out, after the tokens were read.
            *answer.page->asked_at -=
                std::chrono::duration_cast<base::Timestamp::duration>(answer.exchange.duration);
        }
        return answer;
    }

    void disconnect() {
        (void)guard_.end(false);
        transport_.disconnect();
        gunzip_.reset();  // What many organizations would hold between their polls adds up.
    }
    void cancel() { guard_.cancel(); }

  private:
    /// What is made of an answer's body while it comes.
    struct Body {
        explicit Body(Page& target) : page(target) {}

        Page& page;
        Gunzip* gunzip = nullptr;           ///< null: it is not compressed
        std::optional<Error> coding_fault;  ///< its message goes on after `… sent`
        std::string excess;                 ///< what there is too much of; empty: nothing
    };

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields(
        const config::Credentials& credentials) const;
    Answer exchange(const PageRequest& request, const config::Credentials& credentials,
                    steady_clock::time_point deadline);
    [[nodiscard]] bool begin_body(Body& body, const AnswerHead& head);
    [[nodiscard]] bool take_body(Body& body, std::string_view bytes) const;
    /// Why there is no whole answer; nullopt: there is one.
    [[nodiscard]] std::optional<Error> fault_of(const Transport::Outcome& outcome, const Body& body) const;
    [[nodiscard]] Error cut_error(ConnectionGuard::Verdict verdict, const Transport::Outcome& outcome) const;
    [[nodiscard]] Error late_error() const;
    [[nodiscard]] Error excess_error(std::string_view excess) const;
    [[nodiscard]] Error status_error(const AnswerHead& head, std::string_view body) const;
    [[nodiscard]] Result<Page> parsed(Page page) const;

    const ClientOptions options_;
    ConnectionGuard guard_;
    Transport transport_;
    std::optional<Gunzip> gunzip_;  ///< kept from page to page
    /// The last page's size, if it was ordinary: saves growing the next page's buffer step by step.
    std::size_t expected_body_bytes_ = 0;
};

std::vector<std::pair<std::string, std::string>> Client::Impl::fields(
    const config::Credentials& credentials) const {
    std::vector<std::pair<std::string, std::string>> fields = {
        {"Accept", "application/json"}, {"Accept-Encoding", "gzip"}, {"User-Agent", options_.user_agent}};
    const auto add = [&fields](const char* name, const char* scheme,
                               const std::optional<base::Secret>& secret) {
        if (secret) {
            fields.emplace_back(name, std::string(scheme).append(secret->expose()));
        }
    };
    add("Authorization", "Bearer ", credentials.bearer_token);
    add("DD-API-KEY", "", credentials.api_key);
    add("DD-APPLICATION-KEY", "", credentials.app_key);
    return fields;
}

Answer Client::Impl::exchange(const PageRequest& request, const config::Credentials& credentials,
                              steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left <= left.zero()) {
        Exchange none;
        none.made = false;
        return {std::move(none),
                tl::unexpected(make_error(ErrorKind::timeout, "no time was left for another request"))};
    }
    Page page;
    page.memory = AnswerMemory::Share(options_.answers);
    page.body.reserve(expected_body_bytes_ + 1);
    Body body(page);
    const Transport::Request get{
        .target = request_target(request),
        .fields = fields(credentials),
        .on_head = [&](const AnswerHead& head) { return begin_body(body, head); },
        .on_body = [&](std::string_view bytes) { return take_body(body, bytes); },
    };

    guard_.begin(deadline);
    const auto outcome = transport_.get(get, {.connect = std::min(options_.connect_timeout, left),
                                              .silence = std::min(options_.read_timeout, left),
                                              .deadline = deadline,
                                              .body_bytes = options_.max_body_bytes});
    const auto verdict = guard_.end(outcome.kept);

    Answer answer{{}, tl::unexpected(Error{})};
    answer.exchange.body_bytes = page.body.size();
    // A body without a length ends where the guard cuts it, which looks like its end.
    std::optional<Error> fault = verdict == ConnectionGuard::Verdict::untouched
                                     ? fault_of(outcome, body)
                                     : std::optional(cut_error(verdict, outcome));
    if (fault && fault->kind == ErrorKind::timeout && steady_clock::now() >= deadline) {
        fault = late_error();  // The transport was the first to notice.
    }
    const bool cancelled = verdict == ConnectionGuard::Verdict::cancelled;
    // The status counts even where the rest of an error's answer is missing: it is what a person needs to
    // know.
    if (fault) {
        disconnect();  // Who sends damaged bytes may have lost count of them as well.
    }
    if (fault && (cancelled || !outcome.head || outcome.head->status == 200)) {
        answer.page = tl::unexpected(*std::move(fault));
        return answer;
    }
    const AnswerHead& head = *outcome.head;
    answer.exchange.status = head.status;
    answer.exchange.rate_limit = rate_limit_of(head);
    if (head.status != 200) {
        answer.page = tl::unexpected(status_error(head, {page.body.data(), page.body.size()}));
        return answer;
    }
    expected_body_bytes_ = std::min(page.body.size(), AnswerMemory::ordinary);
    page.answered_at = base::parse_http_date(head.value("Date"));
    page.asked_at = page.answered_at;
    answer.page = parsed(std::move(page));
    return answer;
}

/// False: the body is of no use.
bool Client::Impl::begin_body(Body& body, const AnswerHead& head) {
    const auto coding = content_coding_of(head);
    if (!coding) {
        body.coding_fault = coding.error();
    } else if (*coding == ContentCoding::gzip) {
        if (!gunzip_) {
            gunzip_.emplace();
        }
        gunzip_->begin();
        body.gunzip = &*gunzip_;
    }
    return coding.has_value();
}

/// False: it is too much, or damaged.
bool Client::Impl::take_body(Body& body, std::string_view bytes) const {
    const auto keep = [&](std::string_view plain) {
        body.excess = append(body.page, plain, options_.max_body_bytes);
        return body.excess.empty();
    };
    return body.gunzip ? body.gunzip->take(bytes, keep) : keep(bytes);
}

std::optional<Error> Client::Impl::fault_of(const Transport::Outcome& outcome, const Body& body) const {
    const auto sent = [this](ErrorKind kind, std::string_view what) {
        return make_error(kind, fmt::format("{} sent {}", options_.endpoint.url(), what));
    };
    if (body.coding_fault) {
        return sent(body.coding_fault->kind, body.coding_fault->message);
    }
    if (!body.excess.empty()) {
        return excess_error(body.excess);
    }
    if (body.gunzip && !body.gunzip->problem().empty()) {
        return sent(ErrorKind::network, fmt::format("a damaged gzip body: {}", body.gunzip->problem()));
    }
    if (!outcome.failure && body.gunzip && !body.gunzip->is_whole()) {
        return sent(ErrorKind::network, "a gzip body that broke off");
    }
    return outcome.failure;
}

Error Client::Impl::cut_error(ConnectionGuard::Verdict verdict, const Transport::Outcome& outcome) const {
    if (verdict == ConnectionGuard::Verdict::cancelled) {
        return make_error(ErrorKind::cancelled, "the request was cancelled");
    }
    // Who was not even connected to has not been slow to answer.
    return outcome.connected ? late_error() : *outcome.failure;
}

Error Client::Impl::late_error() const {
    return make_error(ErrorKind::timeout, fmt::format("{} had not answered in full by the poll's deadline",
                                                      options_.endpoint.url()));
}

Error Client::Impl::excess_error(std::string_view excess) const {
    Error error =
        make_error(ErrorKind::too_large, fmt::format("{} sent {}", options_.endpoint.url(), excess));
    if (excess == no_room_beside_others) {
        error.no_room = true;
        error.advice =
            "large pages of several organizations, or several of this one, were read at once: lower "
            "--poll.page-size or --poll.concurrency";
    }
    return error;
}

Error Client::Impl::status_error(const AnswerHead& head, std::string_view body) const {
    const StatusRow row = row_of(head.status);
    std::string message = fmt::format("{} from {}", head.status, options_.endpoint.host);
    if (const std::string words = error_text(body); !words.empty()) {
        message += ": " + words;
    }
    auto retry_after = retry_after_of(head);
    if (row.kind == ErrorKind::rate_limited && !retry_after) {
        retry_after = rate_limit_of(head).reset;
    }
    Error error = make_error(row.kind, std::move(message), retry_after);
    error.advice = row.advice;
    error.definitive = row.definitive;
    return error;
}

Result<Page> Client::Impl::parsed(Page page) const {
    page.body.push_back('\0');
    if (auto outcome = parse_page(page); !outcome) {
        Error bad = std::move(outcome).error();
        bad.message =
            fmt::format("{} answered a page that can't be used: {}", options_.endpoint.host, bad.message);
        return tl::unexpected(std::move(bad));
    }
    if (!page.memory.grow_to(page.bytes())) {
        return tl::unexpected(excess_error(no_room_beside_others));
    }
    return page;
}

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Client::~Client() = default;

Answer Client::list(const PageRequest& request, const config::Credentials& credentials,
                    std::chrono::steady_clock::time_point deadline) {
    return impl_->list(request, credentials, deadline);
}

void Client::disconnect() {
    impl_->disconnect();
}

void Client::cancel() {
    impl_->cancel();
}

}  // namespace exporter::datadog
