// The fault matrix: one row, one fault, and everything that must hold of the poll that meets it.
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
    /// Why the poll fails; nullopt: it publishes.
    std::optional<datadog::ErrorKind> reason;
    std::size_t requests = 0;  ///< how many the server sees, exactly
    /// Of what is published; meaningless with a reason.
    std::size_t tokens = healthy_tokens;
    bool complete = true;
    /// How long after the fault all is well again.
    std::chrono::seconds lasts{0};
};

void PrintTo(const Row& row, std::ostream* out);

/// A healthy poll, then one with the fault, then a healthy one: checks reason, requests, duration, memory,
/// that the last good inventory stays and that the poll afterwards recovers.
void check(const Row& row);

/// How often a listing that contradicts itself is read.
inline constexpr std::size_t readings = 3;

/// Makes a fault of bytes: sent as they are to every request for `page`, or for any page.
[[nodiscard]] Fault always(std::string bytes, Then then = Then::keep_alive);
[[nodiscard]] Fault on_page(std::size_t page, std::string bytes, Then then = Then::keep_alive);
/// The same for the first request alone.
[[nodiscard]] Fault at_first(std::string bytes, Then then = Then::keep_alive);

/// What a network and a broken server do to the bytes of an answer.
[[nodiscard]] std::vector<Row> network_rows();
/// Statuses, on each page of the listing.
[[nodiscard]] std::vector<Row> status_rows();
/// 429, its headers, and the share that is left to others.
[[nodiscard]] std::vector<Row> rate_limit_rows();
/// Bodies that are no page, and pages with odd values.
[[nodiscard]] std::vector<Row> body_rows();
/// Pages that contradict each other or their total.
[[nodiscard]] std::vector<Row> listing_rows();

}  // namespace exporter::faults
