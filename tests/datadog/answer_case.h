// One answer, byte for byte, to the real client over a real socket: what it must give, and what becomes of
// the connection.
#pragma once

#include "datadog/client.h"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// What a client may make of an answer.
struct Expected {
    bool page = false;             ///< the page may be read
    std::vector<ErrorKind> kinds;  ///< of the errors that it may be
    std::string words;             ///< are in the error's message
    std::size_t tokens = 3;        ///< of the page
};

/// The page of three tokens.
[[nodiscard]] Expected page_of(std::size_t tokens = 3);
[[nodiscard]] Expected error(ErrorKind kind, std::string words = "");
/// The standard leaves the choice, but no other.
[[nodiscard]] Expected page_or(ErrorKind kind, std::string words = "");
[[nodiscard]] Expected either(ErrorKind one, ErrorKind other);

/// Whether the next request may go over the same connection.
enum class Reuse {
    by_outcome,  ///< after a page: yes; after `network` and `too_large`: no; otherwise either
    yes,
    no,
    either,
};

struct AnswerCase {
    std::string name;  ///< letters and digits
    std::string bytes;
    Expected expected;
    Reuse reuse = Reuse::by_outcome;
    bool then_close = false;  ///< otherwise the server waits for the next request
};

void PrintTo(const AnswerCase& row, std::ostream* out);

/// Asks for a page that is answered with the row's bytes, and then for another: whatever the first one left
/// on the connection, the second one is read as it is.
void check(const AnswerCase& row);

/// How long an answer that is complete may take. One that the client waits for in vain takes so long.
inline constexpr std::chrono::seconds in_time{3};

[[nodiscard]] ClientOptions plain_http(std::uint16_t port);
[[nodiscard]] Answer ask(Client& client, std::chrono::milliseconds limit = in_time);

/// A page of three tokens.
[[nodiscard]] const std::string& three_tokens();
/// Status line 200, these header lines, a blank line, the body.
[[nodiscard]] std::string ok(std::string_view headers, std::string_view body);
/// The same with the body's length.
[[nodiscard]] std::string ok_with_length(std::string_view headers, std::string_view body);
/// The same in chunks: `framed` is the whole of them.
[[nodiscard]] std::string ok_chunked(std::string_view framed, std::string_view headers = "");
/// One chunk, without the last one of size 0.
[[nodiscard]] std::string chunk(std::string_view data, std::string_view extension = "");
/// `text`, so many times.
[[nodiscard]] std::string times(std::size_t count, std::string_view text);

}  // namespace exporter::datadog
