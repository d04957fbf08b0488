#include "datadog/answer.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <system_error>

namespace exporter::datadog {

namespace {

constexpr const char* no_http = "something other than HTTP/1.1 (the connection broke)";

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return base::is_alphanumeric(c) || others.find(c) != std::string_view::npos;
    });
}

/// Accepts only digits of that base. An overflow gives the largest number, which is too large in any case.
std::optional<std::uint64_t> whole_number(std::string_view digits, int base) {
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number, base);
    if (error == std::errc::result_out_of_range && stop == end) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// Removes and returns up to `count` bytes.
std::string_view take_from_front(std::string_view& bytes, std::uint64_t count) {
    const std::string_view taken =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), count)));
    bytes.remove_prefix(taken.size());
    return taken;
}

}  // namespace

std::string too_long_a_body(std::uint64_t most_bytes) {
    constexpr std::uint64_t mebibyte = 1U << 20U;
    return most_bytes < mebibyte ? fmt::format("a body of more than {} KiB", most_bytes >> 10)
                                 : fmt::format("a body of more than {} MiB", most_bytes >> 20);
}

bool AnswerHead::has(std::string_view name) const {
    return std::any_of(fields.begin(), fields.end(),
                       [name](const auto& field) { return base::same_word(field.first, name); });
}

std::string_view AnswerHead::value(std::string_view name) const {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [name](const auto& one) { return base::same_word(one.first, name); });
    return field == fields.end() ? std::string_view() : field->second;
}

std::vector<std::string> AnswerHead::list(std::string_view name) const {
    std::vector<std::string> members;
    for (const auto& [field, value] : fields) {
        if (base::same_word(field, name)) {
            std::ranges::move(base::split_list(base::lower(value)), std::back_inserter(members));
        }
    }
    std::erase(members, "");
    return members;
}

std::string_view AnswerReader::take(std::string_view& bytes) {
    while (!bytes.empty()) {
        if (part_ == Part::whole || failure_) {
            // These bytes answer no request.
            persistent_ = false;
            bytes = {};
            break;
        }
        switch (part_) {
            case Part::counted_body:
            case Part::chunk: {
                const std::string_view piece = take_from_front(bytes, left_);
                left_ -= piece.size();
                if (left_ == 0) {
                    part_ = part_ == Part::chunk ? Part::chunk_end : Part::whole;
                }
                return piece;
            }
            case Part::body_to_the_close: {
                const std::string_view piece = take_from_front(bytes, bytes.size());
                return expect_body(piece.size()) ? piece : std::string_view();
            }
            default:
                take_line(bytes);
                break;
        }
    }
    return {};
}

void AnswerReader::end_of_bytes() {
    persistent_ = false;
    if (part_ == Part::body_to_the_close) {
        part_ = Part::whole;
    } else if (part_ != Part::whole && !failure_) {
        fail(ErrorKind::network, has_begun() ? "a truncated answer" : "no answer, and broke the connection");
    }
}

bool AnswerReader::expect_body(std::uint64_t bytes) {
    if (bytes > max_body_bytes_ - body_bytes_) {
        fail(ErrorKind::too_large, too_long_a_body(max_body_bytes_));
        return false;
    }
    body_bytes_ += bytes;
    return true;
}

void AnswerReader::take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find('\n');
    const bool ends = end != std::string_view::npos;
    // One byte over the limit shows that the line is too long.
    const std::string_view taken =
        take_from_front(bytes, std::min(ends ? end + 1 : bytes.size(), longest_head_line + 2));
    line_ += taken;
    (is_between_chunks() ? chunk_bytes_ : lines_bytes_) += taken.size();
    const bool is_whole_line = line_.ends_with('\n');
    if (is_whole_line) {
        line_.pop_back();
    }
    // A peer that speaks another protocol may never end a line.
    constexpr std::string_view begin = "HTTP/1.";
    if (part_ == Part::status_line && !begin.starts_with(std::string_view(line_).substr(0, begin.size()))) {
        fail(ErrorKind::network, no_http);
    } else if (!line_is_too_much() && is_whole_line) {
        end_line(std::string_view(line_).substr(0, line_.size() - (line_.ends_with('\r') ? 1 : 0)));
        line_.clear();
    }
}

bool AnswerReader::line_is_too_much() {
    if (is_between_chunks()) {
        if (line_.size() > longest_chunk_line) {
            fail(ErrorKind::too_large,
                 fmt::format("a line longer than {} KiB between body chunks", longest_chunk_line >> 10));
        } else if (chunk_bytes_ > most_chunk_bytes) {
            fail(ErrorKind::too_large,
                 fmt::format("more than {} MiB between body chunks", most_chunk_bytes >> 20));
        }
    } else if (line_.size() > longest_head_line || lines_ > most_head_lines ||
               lines_bytes_ > most_head_bytes) {
        fail(ErrorKind::too_large,
             fmt::format(
                 "a line longer than {} KiB, more than {} lines or more than {} KiB before or after the body",
                 longest_head_line >> 10, most_head_lines, most_head_bytes >> 10));
    }
    return failure_.has_value();
}

void AnswerReader::end_line(std::string_view line) {
    if (!is_between_chunks()) {
        ++lines_;
    }
    switch (part_) {
        case Part::status_line:
            end_status_line(line);
            break;
        case Part::fields:
            if (line.empty()) {
                end_head();
            } else {
                end_field(line);
            }
            break;
        case Part::chunk_size:
            end_chunk_size(line);
            break;
        case Part::chunk_end:
            part_ = Part::chunk_size;
            if (!line.empty()) {
                fail(ErrorKind::network, "a chunk longer than its stated size");
            }
            break;
        case Part::trailers:
            // Trailers are not needed.
            part_ = line.empty() ? Part::whole : Part::trailers;
            break;
        default:
            break;
    }
}

/// `HTTP/1.1 200 OK`; some servers omit the reason and the space before it.
void AnswerReader::end_status_line(std::string_view line) {
    constexpr std::size_t status_at = 9;
    constexpr std::size_t status_end = status_at + 3;
    const auto status =
        line.size() >= status_end ? whole_number(line.substr(status_at, 3), 10) : std::nullopt;
    // Check `status` first: if there is one, the line is long enough for the other checks.
    if (!status || !line.starts_with("HTTP/1.") || !base::is_digit(line[7]) || line[8] != ' ' ||
        *status < 100 || (line.size() > status_end && line[status_end] != ' ')) {
        fail(ErrorKind::network, no_http);
        return;
    }
    head_ = AnswerHead{static_cast<int>(*status), std::string(base::trim(line.substr(status_end))), {}};
    old_version_ = line[7] == '0';
    persistent_ = !old_version_;
    part_ = Part::fields;
}

void AnswerReader::end_field(std::string_view line) {
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
        fail(ErrorKind::network, "a header with a control character");
        return;
    }
    // RFC 9112, 5.2: this line continues the value of the previous one.
    if (base::is_blank(line.front()) && !head_.fields.empty()) {
        std::string& value = head_.fields.back().second;
        const std::string_view more = base::trim(line);
        value.append(value.empty() || more.empty() ? "" : " ").append(more);
        return;
    }
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
        fail(ErrorKind::network,
             fmt::format("a line among its headers that is not a header: {}", one_line(name)));
        return;
    }
    head_.fields.emplace_back(name, base::trim(line.substr(colon + 1)));
}

void AnswerReader::end_head() {
    if (head_.status == 101) {
        fail(ErrorKind::network, "a switch to another protocol, which was not requested");
    } else if (head_.status < 200) {
        part_ = Part::status_line;  // RFC 9110, 15.2: an interim answer; the final one is still to come.
    } else {
        head_is_whole_ = true;
        const auto connection = head_.list("Connection");
        persistent_ =
            persistent_ && std::find(connection.begin(), connection.end(), "close") == connection.end();
        frame_body();
    }
}

/// RFC 9112, 6.3. Answers with status 204 or 304 have no body (RFC 9110, 15.3.5 and 15.4.5).
void AnswerReader::frame_body() {
    if (method_ == Method::connect || head_.status == 204 || head_.status == 304) {
        part_ = Part::whole;
        return;
    }
    auto codings = head_.list("Transfer-Encoding");
    std::erase(codings, "identity");  // From RFC 2616; some servers still send it.
    if (!codings.empty()) {
        // An additional length may be an attempt at response smuggling.
        persistent_ = persistent_ && !head_.has("Content-Length");
        lines_ = 0;
        part_ = Part::chunk_size;
        if (old_version_) {  // RFC 9112, 6.1.
            fail(ErrorKind::network,
                 "an HTTP/1.0 answer with a transfer coding, which HTTP/1.0 does not have");
        } else if (codings != std::vector<std::string>{"chunked"}) {
            fail(ErrorKind::bad_page,
                 fmt::format("an answer in the transfer coding `{}`, which was not requested",
                             one_line(base::join(codings))));
        }
        return;
    }
    if (!head_.has("Content-Length")) {
        persistent_ = false;
        part_ = Part::body_to_the_close;
        return;
    }
    if (const auto length = content_length(); length && expect_body(*length)) {
        left_ = *length;
        part_ = left_ == 0 ? Part::whole : Part::counted_body;
    }
}

std::optional<std::uint64_t> AnswerReader::content_length() {
    std::optional<std::uint64_t> length;
    for (const std::string& member : head_.list("Content-Length")) {
        const auto number = whole_number(member, 10);
        if (number && length && length != number) {
            fail(ErrorKind::network, "an answer with two different lengths (Content-Length)");
            return std::nullopt;
        }
        length = number;
        if (!length) {
            break;
        }
    }
    if (!length) {
        fail(ErrorKind::network, "an answer whose length (Content-Length) is not a number");
    }
    return length;
}

void AnswerReader::end_chunk_size(std::string_view line) {
    const std::string_view before = line.substr(0, line.find(';'));
    // There may be spaces between the size and an extension.
    const auto size = whole_number(before.substr(0, before.find_last_not_of(" \t") + 1), 16);
    if (!size) {
        fail(ErrorKind::network, "a chunk whose size is not a number");
        return;
    }
    if (expect_body(*size)) {
        left_ = *size;
        part_ = left_ > 0 ? Part::chunk : Part::trailers;
    }
}

void AnswerReader::fail(ErrorKind kind, std::string message) {
    persistent_ = false;
    failure_ = Error{kind, std::move(message)};
}

}  // namespace exporter::datadog
