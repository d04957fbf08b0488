// A server with a listing of 250 tokens, plain or TLS, in which any fault can be injected.
#pragma once

#include "support/raw_server.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace exporter::faults {

inline constexpr std::size_t healthy_tokens = 250;
inline constexpr std::size_t page_size = 100;
inline constexpr std::size_t last_page = 2;
/// How many requests a poll makes when every request fails with a retryable error.
inline constexpr std::size_t with_retries = 4;

struct Request {
    std::size_t number = 0;  ///< from 0, counted from set_fault
    std::size_t page = 0;    ///< `page[number]`
    std::string head;
};

/// What to do with the connection after the fault has run.
enum class Then {
    answer_well,  ///< the fault sent nothing: send the healthy page
    keep_alive,
    close,
};

using Fault = std::function<Then(support::RawConnection&, const Request&)>;

/// One token as the API lists it.
[[nodiscard]] std::string token_json(std::size_t number);
/// A page body with the tokens from `first` up to `end` (exclusive), and `meta` verbatim.
[[nodiscard]] std::string page_json(std::size_t first, std::size_t end, std::string_view meta);
/// The `meta` member with this total, which may be any JSON.
[[nodiscard]] std::string total(std::string_view json);
/// The healthy page with this number.
[[nodiscard]] std::string healthy_page(std::size_t page);
using support::response;

class FaultServer {
  public:
    /// @param port 0: any free one
    explicit FaultServer(std::uint16_t port = 0);
    /// Over TLS.
    explicit FaultServer(const support::Certificate& certificate, std::uint16_t port = 0);
    FaultServer(const FaultServer&) = delete;
    FaultServer& operator=(const FaultServer&) = delete;
    ~FaultServer() = default;

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

    /// Takes effect with the next request; nullptr: no fault.
    void set_fault(Fault fault);
    /// Requests since the fault was set.
    [[nodiscard]] std::size_t requests() const;

  private:
    void serve(support::RawConnection& connection);

    mutable std::mutex mutex_;
    // Protected by mutex_:
    Fault fault_;
    std::size_t requests_ = 0;

    support::RawServer server_;
};

}  // namespace exporter::faults
