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
            .message = "a page over 256 KiB while other large pages use up the memory that they share",
            .advice =
                "large pages of several organizations, or several of this one, were read at once: lower "
                "--poll.page-size or --poll.concurrency",
            .no_room = true};
}

/// Puts an answer's body into a page while it comes. The messages of its errors go on after `… sent`.
class Body {
  public:
    /// @param gunzip made where it is needed, and left for the next body
    Body(Page& page, std::optional<Gunzip>& gunzip, std::size_t most)
        : page_(page), gunzip_(gunzip), most_(most) {}

    /// False: the body is of no use.
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

    /// False: it is too much, or damaged.
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

    /// Why the body, of which no more comes, is of no use; nullopt: it is whole.
    [[nodiscard]] std::optional<Error> fault() const {
        if (!fault_ && is_compressed_ && !gunzip_->is_whole()) {
            return Error{ErrorKind::network, "a gzip body that broke off"};
        }
        return fault_;
    }

  private:
    /// The page's body grows by doubling: all its buffers together stay below twice the last.
    bool append(std::string_view bytes) {
        std::vector<char>& body = page_.body;
        const std::size_t size = body.size() + bytes.size();
        if (size > most_) {
            fault_ = Error{ErrorKind::too_large,
                           fmt::format("more than the {} MiB that a page may have", most_ >> 20)};
            return false;
        }
        if (size >= body.capacity()) {  // Leaves room for a NUL.
            const std::size_t capacity = std::min(std::max(2 * body.capacity(), size + 1), most_ + 1);
            if (!page_.memory.grow_to(capacity)) {
                fault_ = no_room();
                return false;
            }
            body.reserve(capacity);
        }
        body.insert(body.end(), bytes.begin(), bytes.end());
        return true;
    }

    Page& page_;
    std::optional<Gunzip>& gunzip_;
    const std::size_t most_;
    bool is_compressed_ = false;
    std::optional<Error> fault_;
};

}  // namespace

Client::Client(ClientOptions options)
    : options_(with_commons(std::move(options))),
      transport_(Transport::make({.endpoint = options_.endpoint, .proxy = options_.proxy},
                                 options_.commons->trust)) {}

Answer Client::list(const PageRequest& request, const config::Credentials& credentials,
                    steady_clock::time_point deadline) {
    Answer answer{{}, tl::unexpected(Error{})};
    const auto start = steady_clock::now();
    try {
        answer.page = exchange(request, credentials, deadline, answer.exchange);
    } catch (const std::exception& exception) {
        // cpp-httplib, zlib and RapidJSON run out of memory or threads; the connection's state is unknown
        // then.
        disconnect();
        answer.page = tl::unexpected(Error{
            ErrorKind::internal, fmt::format("the request failed in this program: {}", exception.what())});
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

void Client::disconnect() {
    transport_->disconnect();
    gunzip_.reset();  // What many organizations would hold between their polls adds up.
}

Result<Page> Client::exchange(const PageRequest& request, const config::Credentials& credentials,
                              steady_clock::time_point deadline, Exchange& cost) {
    if (deadline <= steady_clock::now()) {
        cost.made = false;
        return tl::unexpected(Error{ErrorKind::timeout, "no time was left for another request"});
    }
    Page page;
    page.memory = AnswerMemory::Share(options_.answers);
    page.body.reserve(expected_body_bytes_ + 1);
    Body body(page, gunzip_, options_.max_body_bytes);
    const Transport::Request get{
        .target = request_target(request),
        .fields = request_fields(credentials, options_.user_agent),
        .on_head = [&](const AnswerHead& head) { return body.begin(head); },
        .on_body = [&](std::string_view bytes) { return body.take(bytes); },
    };

    const auto outcome = transport_->get(get, {.connect = options_.connect_timeout,
                                               .silence = options_.read_timeout,
                                               .deadline = deadline,
                                               .body_bytes = options_.max_body_bytes});

    cost.body_bytes = page.body.size();
    std::optional<Error> fault = outcome.failure;
    if (const auto unfit = body.fault(); unfit && !fault) {
        fault = sent(*unfit);
    }
    if (fault) {
        disconnect();  // A server that sends damaged bytes may have lost count of them too.
    }
    // The status counts even if the rest of an error's answer is missing: it is what a person needs to know.
    if (fault && (fault->kind == ErrorKind::cancelled || !outcome.head || outcome.head->status == 200)) {
        return tl::unexpected(*std::move(fault));
    }
    const AnswerHead& head = *outcome.head;
    cost.status = head.status;
    cost.rate_limit = rate_limit_of(head);
    if (head.status != 200) {
        return tl::unexpected(
            status_error(head, {page.body.data(), page.body.size()}, options_.endpoint.host));
    }
    expected_body_bytes_ = std::min(page.body.size(), AnswerMemory::ordinary);
    page.answered_at = base::parse_http_date(head.value("Date"));
    page.asked_at = page.answered_at;
    return parsed(std::move(page));
}

Result<Page> Client::parsed(Page page) const {
    page.body.push_back('\0');
    if (auto outcome = parse_page(page); !outcome) {
        outcome.error().message = fmt::format("{} answered a page that can't be used: {}",
                                              options_.endpoint.host, outcome.error().message);
        return tl::unexpected(std::move(outcome).error());
    }
    if (!page.memory.grow_to(page.bytes())) {
        return tl::unexpected(sent(no_room()));
    }
    return page;
}

Error Client::sent(Error error) const {
    error.message = fmt::format("{} sent {}", options_.endpoint.url(), error.message);
    return error;
}

}  // namespace exporter::datadog
