// A listing of 250 tokens over raw sockets or TLS, in which anything can be made to go wrong.
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
/// How many requests a poll makes when each fails and is worth repeating.
inline constexpr std::size_t with_retries = 4;

struct Request {
    std::size_t number = 0;  ///< from 0, since the fault was set
    std::size_t page = 0;    ///< `page[number]`
    std::string head;
};

/// What becomes of the connection once a fault has had its turn.
enum class Then {
    answer_well,  ///< the fault did nothing: the healthy page is sent
    keep_alive,
    close,
};

using Fault = std::function<Then(support::RawConnection&, const Request&)>;

/// One token as the API lists it.
[[nodiscard]] std::string token_json(std::size_t number);
/// A page body of the tokens `first` to `end`, and `meta` as it is.
[[nodiscard]] std::string page_json(std::size_t first, std::size_t end, std::string_view meta);
/// The `meta` member that tells this total, which may be any JSON.
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

    /// From the next request on; nullptr: all is well.
    void set_fault(Fault fault);
    /// Since the fault was set.
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
