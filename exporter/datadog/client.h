// datadog/ models Datadog: a token as its API lists it, one page of the listing, a user, and the client that
// fetches them. In: a request for a page or a user, and credentials. Out: the complete page or user, or one
// typed error with the server's own words. Nothing here retries, waits for a rate limit, asks for a second
// page or counts tokens: scan/ and inventory/ do. Only transport.cpp knows cpp-httplib; only page.cpp and
// user.cpp, through json.h, know RapidJSON. The size of a peer's data is limited before it is parsed.
#pragma once

#include "config/credentials.h"
#include "config/endpoint.h"
#include "datadog/api.h"
#include "datadog/content_coding.h"
#include "datadog/page.h"
#include "datadog/transport.h"
#include "datadog/user.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// Bytes of a page's body, compressed or not. A page of 100 tokens with 300 scopes each takes almost 1 MB;
/// names and scopes have no documented bound.
inline constexpr std::size_t longest_body = std::size_t{8} << 20;

/// What all clients share: the CA certificates, because loading the system's takes a megabyte and several
/// milliseconds each time; and the memory for large answers. Thread-safe.
class Commons {
  public:
    /// @param ca_file PEM; empty: the system's roots
    explicit Commons(const std::string& ca_file) : trust_(ca_file) {}

    [[nodiscard]] TlsContext trust() const {
        const std::lock_guard lock(mutex_);
        return trust_;
    }
    /// Clients created after this call trust the certificates now in the file.
    ///
    /// @return why the file can't be loaded (nothing has changed); empty: it was loaded
    [[nodiscard]] std::string renew_trust(const std::string& ca_file);

    const std::shared_ptr<AnswerMemory> answers = std::make_shared<AnswerMemory>();

  private:
    mutable std::mutex mutex_;
    TlsContext trust_;  ///< protected by mutex_
};

struct ClientOptions {
    config::Endpoint endpoint;
    std::optional<config::Proxy> proxy;
    std::shared_ptr<Commons> commons;  ///< shared with other clients; null: its own, with the system's roots
    /// Shared with other clients of the organization; null: its own share of `commons`.
    std::shared_ptr<AnswerMemory> answers;
    std::string user_agent;  ///< `<name>/<version> (<lang> <ver>; os <os>; arch <arch>)`
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    std::chrono::milliseconds read_timeout = std::chrono::seconds(30);  ///< without a byte
    std::size_t max_body_bytes = longest_body;
};

/// A kept-alive connection to one endpoint. One request at a time; not thread-safe except for `cancel()`.
class Client {
  public:
    explicit Client(ClientOptions options);

    /// Fetches and parses one page.
    ///
    /// @param deadline end of the whole exchange, even if the server sends bytes slowly
    [[nodiscard]] Answer list(const PageRequest& request, const config::Credentials& credentials,
                              std::chrono::steady_clock::time_point deadline);

    /// Looks up one user with at most one request: none if the id is impossible (`not_found`).
    ///
    /// @param deadline as for `list`
    [[nodiscard]] UserAnswer user(std::string_view id, const config::Credentials& credentials,
                                  std::chrono::steady_clock::time_point deadline);

    /// Closes the kept-alive connection. Peers close idle connections between polls, and over TLS that is
    /// noticed only when the next request fails.
    void disconnect();

    /// Ends the current request and refuses all later ones (`cancelled`). From any thread.
    void cancel() { transport_->cancel(); }

  private:
    /// The request, and the destination of the answer's body.
    struct Errand {
        std::string target;
        std::size_t most_body_bytes;
        std::vector<char>& body;
        AnswerMemory::Share& memory;  ///< accounts for the body
    };

    /// Makes one request.
    ///
    /// @param cost filled in as far as the exchange got
    /// @return the head of a 200 with a complete body
    [[nodiscard]] Result<AnswerHead> exchange(const Errand& errand, const config::Credentials& credentials,
                                              std::chrono::steady_clock::time_point deadline, Exchange& cost);
    [[nodiscard]] Result<Page> fetch_page(const PageRequest& request, const config::Credentials& credentials,
                                          std::chrono::steady_clock::time_point deadline, Exchange& cost);
    [[nodiscard]] Result<User> fetch_user(std::string_view id, const config::Credentials& credentials,
                                          std::chrono::steady_clock::time_point deadline, Exchange& cost);
    /// What `fetch` returns. Turns exceptions into errors; no message contains a secret.
    template <class Fetch>
    [[nodiscard]] auto guarded(const config::Credentials& credentials, Exchange& cost, const Fetch& fetch)
        -> decltype(fetch());
    /// An error about the body of a 200.
    [[nodiscard]] Error unusable(Error error, std::string_view what) const;
    /// An error whose message follows `… sent`.
    [[nodiscard]] Error sent(Error error) const;

    const ClientOptions options_;
    const std::unique_ptr<Transport> transport_;
    std::optional<Gunzip> gunzip_;  ///< reused for all pages
    /// The last page's size, if ordinary, so that the next page's buffer need not grow step by step.
    std::size_t expected_body_bytes_ = 0;
};

}  // namespace exporter::datadog
