// Bounds on what a peer may send in one exchange, kept byte by byte while it arrives.
//
// Left alone, cpp-httplib reads a line to its end, however long: of an answer's head, and of the sizes and
// trailers of a body in chunks. It matches the first one with a regular expression that recurses for each of
// its characters: a status line of 100 kB overflows the stack and ends the process. So this follows the
// answer's framing, as that library understands it; where the two could disagree, the bytes count as a line.
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
    /// Where the next byte belongs.
    enum class Part { head, body, chunk_size, chunk, chunk_end, trailers, nothing };

    /// Takes as much of `bytes` as belongs to a line. False: it is too long, or one too many.
    [[nodiscard]] bool take_line(std::string_view& bytes);
    [[nodiscard]] bool is_too_much();
    void end_line();
    void end_head_line();
    void end_chunk_size();
    void skip_chunk(std::string_view& bytes);

    std::uint64_t bytes_left_ = 0;
    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
    std::string excess_;
    Part part_ = Part::head;
    std::string line_;             ///< so far, without its line feed
    std::size_t lines_ = 0;        ///< of the head, or of the trailers
    std::size_t lines_bytes_ = 0;  ///< of both
    bool first_line_ = true;       ///< of a head
    bool interim_ = false;         ///< 100: another head follows
    bool chunked_ = false;
    std::uint64_t chunk_left_ = 0;
};

}  // namespace exporter::datadog
