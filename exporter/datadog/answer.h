// Parses an HTTP/1.1 answer while its bytes arrive, within bounds (RFC 9110, RFC 9112).
//
// cpp-httplib doesn't do this: its versions from 0.11 to 0.41 differ in what they accept, and none handles
// all interim answers, trailers and lengths correctly. Version 0.11 reads lines of any length, and matches
// the first with a regular expression that recurses for each character: a status line of 100 kB overflows the
// stack.
#pragma once

#include "datadog/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::datadog {

/// Most servers have the same limit for requests.
inline constexpr std::size_t longest_head_line = std::size_t{8} << 10;
/// For all heads of one answer, including interim ones; and for its trailers.
inline constexpr std::size_t most_head_lines = 100;
/// For all heads and trailers together.
inline constexpr std::size_t most_head_bytes = std::size_t{64} << 10;
/// A size has at most 16 digits, and extensions are not used in practice.
inline constexpr std::size_t longest_chunk_line = std::size_t{1} << 10;
/// For all these lines together: chunks of 16 bytes take 3 MiB for an 8 MiB body.
inline constexpr std::size_t most_chunk_bytes = std::size_t{4} << 20;

/// Names as received, values trimmed.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// An answer's status line and headers.
struct AnswerHead {
    int status = 0;
    std::string reason;  ///< untrusted words
    HeaderFields fields;

    [[nodiscard]] bool has(std::string_view name) const;
    /// The value of the first field with this name, in any case; empty: there is none.
    [[nodiscard]] std::string_view value(std::string_view name) const;
    /// The non-empty members of the comma-separated lists in all fields of that name, in lower case.
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
};

/// The error for a body over the limit, to follow `… sent`.
[[nodiscard]] std::string too_long_a_body(std::uint64_t most_bytes);

/// Reads one answer to one request. Pure: bytes in, the body's bytes out.
class AnswerReader {
  public:
    enum class Method { get, connect };

    /// @param method of the request. The answer to CONNECT ends with its head; later bytes belong to the
    /// tunnel
    /// @param max_body_bytes size on the wire, without framing
    explicit AnswerReader(Method method, std::uint64_t max_body_bytes = 0)
        : method_(method), max_body_bytes_(max_body_bytes) {}

    /// Consumes received bytes, from the beginning of `bytes` up to the end of a piece of the body.
    ///
    /// @return that piece, without the framing but still coded; empty: all of `bytes` was consumed, without a
    /// piece of the body
    [[nodiscard]] std::string_view take(std::string_view& bytes);
    /// The peer has closed the connection.
    void end_of_bytes();

    /// The final answer's head; nullptr until it is complete.
    [[nodiscard]] const AnswerHead* head() const { return head_is_whole_ ? &head_ : nullptr; }
    /// At least one byte has arrived.
    [[nodiscard]] bool has_begun() const { return lines_bytes_ > 0; }
    /// The answer is complete.
    [[nodiscard]] bool is_whole() const { return part_ == Part::whole; }
    /// Whether the connection may be used for another request.
    [[nodiscard]] bool keeps_connection() const { return is_whole() && persistent_; }
    /// Why the answer is invalid: kind `network` (truncated, or a violation of HTTP), `bad_page` (a coding
    /// that was not requested) or `too_large`. The message follows `… sent`.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    /// Where the next byte belongs.
    enum class Part {
        status_line,
        fields,
        counted_body,
        body_to_the_close,
        chunk_size,
        chunk,
        chunk_end,
        trailers,
        whole,
    };

    /// False: the body is over its limit.
    [[nodiscard]] bool expect_body(std::uint64_t bytes);
    void take_line(std::string_view& bytes);
    [[nodiscard]] bool is_between_chunks() const {
        return part_ == Part::chunk_size || part_ == Part::chunk_end;
    }
    [[nodiscard]] bool line_is_too_much();
    void end_line(std::string_view line);
    void end_status_line(std::string_view line);
    void end_field(std::string_view line);
    void end_head();
    void frame_body();
    /// nullopt: the answer has failed.
    [[nodiscard]] std::optional<std::uint64_t> content_length();
    void end_chunk_size(std::string_view line);
    void fail(ErrorKind kind, std::string message);

    const Method method_;
    const std::uint64_t max_body_bytes_;
    std::uint64_t body_bytes_ = 0;   ///< received or announced
    std::uint64_t chunk_bytes_ = 0;  ///< in the lines between chunks
    Part part_ = Part::status_line;
    std::string line_;             ///< so far, without its line feed
    std::size_t lines_ = 0;        ///< number of lines in the heads, or in the trailers
    std::size_t lines_bytes_ = 0;  ///< total size of both
    AnswerHead head_;
    bool head_is_whole_ = false;
    bool old_version_ = false;  ///< HTTP/1.0
    bool persistent_ = true;
    std::uint64_t left_ = 0;  ///< remaining bytes of the body, or of the chunk
    std::optional<Error> failure_;
};

}  // namespace exporter::datadog
