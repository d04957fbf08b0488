// Lines on their way to a file descriptor whose reader may stand still: a pipe that nobody empties, a
// terminal that is paused, a disk that hangs. Logging never waits for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace exporter::app {

/// A bounded queue, and a thread that writes. Thread-safe.
///
/// The descriptor is shared with other processes, so it stays as it is (O_NONBLOCK would hold for all of
/// them) and a write to it can't be cut short: the thread is left behind where it hangs, and ends with the
/// process.
class LogWriter {
  public:
    /// Once more bytes wait, lines are dropped until half of them have been written or have failed. The line
    /// that passes the limit is kept.
    static constexpr std::size_t most_waiting_bytes = std::size_t{256} << 10;

    /// A whole line, put where lines were dropped, with their number. Called on the writer's thread.
    using Notice = std::function<std::string(std::uint64_t lines)>;

    /// @param descriptor stays the caller's; must be open for as long as lines wait
    LogWriter(int descriptor, Notice notice);
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;
    /// Waits for nothing: what is to be written must be flushed before.
    ~LogWriter();

    /// @param line whole, with its end
    void write(std::string line) noexcept;

    /// Waits until what waits is written. False: it was not within `limit`.
    bool flush(std::chrono::milliseconds limit);

    /// Lines that did not fit, or could not be written (a full disk, a reader that has gone).
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    struct Shared;
    const std::shared_ptr<Shared> shared_;
};

}  // namespace exporter::app
