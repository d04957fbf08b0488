#include "datadog/wire.h"

#include <fmt/format.h>
#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace exporter::datadog {

namespace {

/// As most servers have it for requests.
constexpr std::size_t longest_head_line = std::size_t{8} << 10;
/// As newer versions of cpp-httplib have it, which then say only that reading failed: ours comes first.
constexpr std::size_t most_head_lines = 100;
/// cpp-httplib keeps them all while the body is read.
constexpr std::size_t most_head_bytes = std::size_t{64} << 10;
/// A size has 16 digits at most, and nobody uses what may follow it.
constexpr std::size_t longest_chunk_line = std::size_t{1} << 10;

/// Whatever its value: cpp-httplib decodes `%63hunked`.
bool announces_chunks(const std::string& line) {
    constexpr std::string_view name = "Transfer-Encoding:";
    return ::strncasecmp(line.c_str(), name.data(), name.size()) == 0;
}

}  // namespace

void Wire::begin(std::uint64_t max_bytes, std::chrono::milliseconds silence,
                 std::chrono::steady_clock::time_point deadline) {
    *this = Wire();
    bytes_left_ = max_bytes;
    silence_ = silence;
    deadline_ = deadline;
}

bool Wire::wait_for(int socket, short events) {
    pollfd descriptor{socket, events, 0};
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        const auto patience = std::clamp(left, std::chrono::milliseconds(0), silence_);
        const int ready =
            patience.count() > 0 ? ::poll(&descriptor, 1, static_cast<int>(patience.count())) : 0;
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        silent_ = ready <= 0;
        return ready > 0;
    }
}

bool Wire::note(std::string_view bytes) {
    if (bytes.size() > bytes_left_) {
        excess_ = "more than a page may have";
        return false;
    }
    bytes_left_ -= bytes.size();
    while (!bytes.empty() && part_ != Part::body && part_ != Part::nothing) {
        if (part_ == Part::chunk) {
            skip_chunk(bytes);
        } else if (!take_line(bytes)) {
            return false;
        }
    }
    return true;
}

bool Wire::take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find('\n');
    const std::string_view more = bytes.substr(0, end);
    line_ += more;
    if (part_ == Part::head || part_ == Part::trailers) {
        lines_bytes_ += more.size() + (end == std::string_view::npos ? 0 : 1);
    }
    if (is_too_much()) {
        return false;
    }
    if (end == std::string_view::npos) {
        bytes = {};
        return true;
    }
    bytes.remove_prefix(end + 1);
    end_line();
    line_.clear();
    return true;
}

bool Wire::is_too_much() {
    if (part_ != Part::head && part_ != Part::trailers) {
        if (line_.size() > longest_chunk_line) {
            excess_ =
                fmt::format("a line of over {} KiB between the chunks of the body", longest_chunk_line >> 10);
        }
    } else if (line_.size() > longest_head_line || lines_ > most_head_lines ||
               lines_bytes_ > most_head_bytes) {
        excess_ = fmt::format("a line of over {} KiB, over {} lines or over {} KiB before or after the body",
                              longest_head_line >> 10, most_head_lines, most_head_bytes >> 10);
    }
    return !excess_.empty();
}

void Wire::end_line() {
    switch (part_) {
        case Part::head:
            end_head_line();
            break;
        case Part::chunk_size:
            end_chunk_size();
            break;
        case Part::chunk_end:
            part_ = Part::chunk_size;
            break;
        case Part::trailers:
            ++lines_;
            part_ = line_ == "\r" ? Part::nothing : Part::trailers;
            break;
        default:
            break;
    }
}

void Wire::end_head_line() {
    ++lines_;
    // Without the carriage return cpp-httplib skips the line, and the head goes on.
    const bool blank = line_ == "\r";
    if (first_line_) {
        interim_ = line_.size() >= 12 && std::string_view(line_).substr(9, 3) == "100";
    }
    chunked_ = chunked_ || announces_chunks(line_);
    // After an interim answer comes the next head's first line.
    first_line_ = blank;
    if (blank && interim_) {
        chunked_ = false;
    } else if (blank) {
        part_ = chunked_ ? Part::chunk_size : Part::body;
    }
}

void Wire::end_chunk_size() {
    // As cpp-httplib reads it. What is no size ends the answer there; here another line follows.
    char* end = nullptr;
    const unsigned long size = std::strtoul(line_.c_str(), &end, 16);
    if (end == line_.c_str() || size == ULONG_MAX) {
        return;
    }
    chunk_left_ = size;
    part_ = size > 0 ? Part::chunk : Part::trailers;
    lines_ = 0;
}

void Wire::skip_chunk(std::string_view& bytes) {
    const std::size_t skipped = std::min<std::uint64_t>(bytes.size(), chunk_left_);
    bytes.remove_prefix(skipped);
    chunk_left_ -= skipped;
    if (chunk_left_ == 0) {
        part_ = Part::chunk_end;
    }
}

}  // namespace exporter::datadog
