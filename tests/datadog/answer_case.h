// Sends one response byte for byte to the real client over a real socket, and checks the result and whether
// the connection is reused.
#pragma once

#include "datadog/client.h"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// The outcomes allowed for a response.
struct Expected {
    bool page = false;             ///< the client may accept the page
    std::vector<ErrorKind> kinds;  ///< the errors it may report
    std::string words;             ///< part of the error's message
    std::size_t tokens = 3;        ///< tokens on the page
};

/// The page must be accepted.
[[nodiscard]] Expected page_of(std::size_t tokens = 3);
[[nodiscard]] Expected error(ErrorKind kind, std::string words = "");
/// The standard allows either outcome, and no other.
[[nodiscard]] Expected page_or(ErrorKind kind, std::string words = "");
[[nodiscard]] Expected either(ErrorKind one, ErrorKind other);

/// Whether the next request may reuse the connection.
enum class Reuse {
    by_outcome,  ///< page: yes; `network` and `too_large`: no; otherwise either
    yes,
    no,
    either,
};

struct AnswerCase {
    std::string name;  ///< letters and digits
    std::string bytes;
    Expected expected;
    Reuse reuse = Reuse::by_outcome;
    bool then_close = false;  ///< false: the server waits for the next request
};

void PrintTo(const AnswerCase& row, std::ostream* out);

/// Requests a page, answered with the row's bytes, and then another one. Whatever the first left on the
/// connection, the second must be read correctly.
void check(const AnswerCase& row);

/// Request timeout. A response that never completes takes this long.
inline constexpr std::chrono::seconds in_time{3};

[[nodiscard]] ClientOptions plain_http(std::uint16_t port);
[[nodiscard]] Answer ask(Client& client, std::chrono::milliseconds limit = in_time);

/// A page of three tokens.
[[nodiscard]] const std::string& three_tokens();
/// A 200 response with these header lines and this body.
[[nodiscard]] std::string ok(std::string_view headers, std::string_view body);
/// The same with a Content-Length.
[[nodiscard]] std::string ok_with_length(std::string_view headers, std::string_view body);
/// The same in chunked coding. `framed` is the complete encoded body.
[[nodiscard]] std::string ok_chunked(std::string_view framed, std::string_view headers = "");
/// One chunk, without the final one of size 0.
[[nodiscard]] std::string chunk(std::string_view data, std::string_view extension = "");
/// `text` repeated `count` times.
[[nodiscard]] std::string times(std::size_t count, std::string_view text);

}  // namespace exporter::datadog
