// The HTTP side, on cpp-httplib: one request in, one page or one typed error out. Knows nothing of retries,
// pagination or schedules; those are scan's.
#pragma once

#include "config/credentials.h"
#include "config/endpoint.h"
#include "datadog/error.h"
#include "datadog/page.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace exporter::datadog {

struct Commons;

/// The query arguments of "Get all access tokens".
struct PageRequest {
    std::size_t number = 0;  ///< `page[number]`, from 0
    std::size_t size = 100;  ///< `page[size]`, 1 to 100
    std::string
        sort;  ///< `name`, `created_at`, `expires_at`, `last_used_at`, or one of these after `-`; empty: none
    std::string filter;
    std::vector<std::string> owned_by;
};

/// Path and query as they go on the wire, percent-encoded.
[[nodiscard]] std::string request_target(const PageRequest& request);

/// What one exchange cost and brought, whether it succeeded or not.
struct Exchange {
    bool made = true;  ///< false: there was no time for it
    int status = 0;    ///< 0 when no answer came
    std::chrono::duration<double> duration{0};
    std::uint64_t body_bytes = 0;  ///< after decompression
    RateLimit rate_limit;
};

struct Answer {
    Exchange exchange;
    Result<Page> page;
};

/// Bytes of an answer's body, as it comes and when it is uncompressed. A page of 100 tokens with 300 scopes
/// each nears 1 MB; names and scopes have no documented bound.
inline constexpr std::size_t longest_body = std::size_t{8} << 20;

struct ClientOptions {
    config::Endpoint endpoint;
    std::optional<config::Proxy> proxy;
    std::shared_ptr<Commons> commons;  ///< shared with other clients; null: its own, with the system's roots
    /// Shared with other clients of the organization; null: its own part of `commons`'.
    std::shared_ptr<AnswerMemory> answers;
    std::string user_agent;  ///< `<name>/<version> (<lang> <ver>; os <os>; arch <arch>)`
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    std::chrono::milliseconds read_timeout = std::chrono::seconds(30);  ///< without a byte
    std::size_t max_body_bytes = longest_body;
};

/// A kept-alive connection to one endpoint. One request at a time; not thread-safe but for `cancel()`.
class Client {
  public:
    explicit Client(ClientOptions options);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Fetches and parses one page.
    ///
    /// @param deadline when the whole exchange must be over; a server that drips bytes can't outlast it
    [[nodiscard]] Answer list(const PageRequest& request, const config::Credentials& credentials,
                              std::chrono::steady_clock::time_point deadline);

    /// Closes the kept-alive connection. A peer closes an idle one between polls, and over TLS that is only
    /// noticed when the next request fails.
    void disconnect();

    /// Ends a request under way and refuses all later ones (`cancelled`). From any thread.
    void cancel();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// The non-secret beginning of an access token (`<prefix>_<alias>` of `<prefix>_<alias>_<secret>`), by which
/// the exporter recognises its own token in the listing; nullopt when the credential is not an access token.
[[nodiscard]] std::optional<std::string> public_portion(const config::Credentials& credentials);

/// Whether `listed`, a token's `public_portion`, names the token `own`, either in full or as a bare alias.
[[nodiscard]] bool is_own_token(std::string_view own, std::string_view listed);

}  // namespace exporter::datadog
