// Bounds on what a peer may send in one exchange, kept byte by byte while it arrives.
//
// Left alone, cpp-httplib reads a line of an answer's head to its end, however long, and matches the first
// with a regular expression that recurses for each of its characters: a status line of 100 kB overflows the
// stack and ends the process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// Used by one exchange at a time.
class Wire {
  public:
    /// @param max_bytes of the whole answer
    /// @param silence how long to wait for its next byte
    /// @param deadline when there is no waiting any more
    void begin(std::uint64_t max_bytes, std::chrono::milliseconds silence,
               std::chrono::steady_clock::time_point deadline);

    /// Waits until the socket has one of these `poll` events. False: there was no more time.
    [[nodiscard]] bool wait_for(int socket, short events);
    /// Takes note of what has come. False: it is too much.
    [[nodiscard]] bool note(std::string_view bytes);

    /// The peer was waited for in vain.
    [[nodiscard]] bool was_silent() const { return silent_; }
    /// What there was too much of; empty: nothing.
    [[nodiscard]] const std::string& excess() const { return excess_; }

  private:
    [[nodiscard]] bool note_head(std::string_view bytes);

    std::uint64_t bytes_left_ = 0;
    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
    std::string excess_;
    // The head of the answer, line by line:
    bool in_head_ = true;
    bool first_line_ = true;
    bool interim_ = false;  ///< 100: another head follows
    std::size_t head_lines_ = 0;
    std::string line_;  ///< so far, without its end
};

}  // namespace exporter::datadog
