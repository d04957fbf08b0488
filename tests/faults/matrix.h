// The fault matrix: each row has one fault and the expected outcome of a poll that hits it.
#pragma once

#include "datadog/error.h"
#include "faults/fault_server.h"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace exporter::faults {

struct Row {
    std::string name;  ///< letters and digits
    Fault fault;
    /// Why the poll fails; nullopt: it publishes an inventory.
    std::optional<datadog::ErrorKind> reason;
    std::size_t requests = 0;  ///< exact number the server must receive
    /// Expected tokens if the poll publishes; ignored if it fails.
    std::size_t tokens = healthy_tokens;
    bool complete = true;
    /// How long polls keep failing after the fault.
    std::chrono::seconds lasts{0};
};

void PrintTo(const Row& row, std::ostream* out);

/// Polls once healthy, once with the fault and once more healthy. Checks the reason, the requests, duration
/// and memory, that the last good inventory stays, and that the last poll recovers.
void check(const Row& row);

/// How many times an inconsistent listing is read.
inline constexpr std::size_t readings = 3;

/// A fault that sends `bytes` verbatim for every request for `page`, or for any page.
[[nodiscard]] Fault always(std::string bytes, Then then = Then::keep_alive);
[[nodiscard]] Fault on_page(std::size_t page, std::string bytes, Then then = Then::keep_alive);
/// The same, for the first request only.
[[nodiscard]] Fault at_first(std::string bytes, Then then = Then::keep_alive);

/// Faults in the network and in a response's bytes.
[[nodiscard]] std::vector<Row> network_rows();
/// HTTP error statuses on each page of the listing.
[[nodiscard]] std::vector<Row> status_rows();
/// 429, its headers, and the share of the limit left to other clients.
[[nodiscard]] std::vector<Row> rate_limit_rows();
/// Bodies that are not a page, and pages with odd values.
[[nodiscard]] std::vector<Row> body_rows();
/// Pages that contradict each other or the total.
[[nodiscard]] std::vector<Row> listing_rows();

}  // namespace exporter::faults
