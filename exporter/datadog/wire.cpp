#include "datadog/wire.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace exporter::datadog {

namespace {

/// As most servers have it for requests.
constexpr std::size_t longest_head_line = std::size_t{8} << 10;
/// As newer versions of cpp-httplib have it, which then say only that reading failed: ours comes first.
constexpr std::size_t most_head_lines = 100;

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
    return note_head(bytes);
}

bool Wire::note_head(std::string_view bytes) {
    while (in_head_ && !bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > longest_head_line || head_lines_ > most_head_lines) {
            excess_ = fmt::format("a line of over {} KiB, or over {} lines, before the body",
                                  longest_head_line >> 10, most_head_lines);
            return false;
        }
        if (end == std::string_view::npos) {
            return true;
        }
        bytes.remove_prefix(end + 1);
        ++head_lines_;
        const bool blank = line_.empty() || line_ == "\r";
        if (first_line_) {
            interim_ = line_.size() >= 12 && std::string_view(line_).substr(9, 3) == "100";
        }
        // After an interim answer comes the next head's first line.
        first_line_ = blank;
        in_head_ = !blank || interim_;
        line_.clear();
    }
    return true;
}

}  // namespace exporter::datadog
