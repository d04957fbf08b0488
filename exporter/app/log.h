// The log: one line for each event, as logfmt or JSON, on standard error. Texts may be untrusted (a server's
// words, a token's name): whatever they hold, an event stays one line and its fields stay apart.
#pragma once

#include "config/config.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace exporter::app {

/// Lines on their way to a file descriptor whose reader may stand still: a pipe that nobody empties, a
/// terminal that is paused, a disk that hangs. A bounded queue, and a thread that writes. Thread-safe.
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

/// A name, and a text, a number or a bool.
struct LogField {
    template <class Value>
    LogField(std::string_view name, const Value& given)
        : key(name), value(fmt::format("{}", given)), is_text(!std::is_arithmetic_v<Value>) {}
    LogField(std::string_view name, double number)
        : key(name), value(fmt::format("{:.3f}", number)), is_text(false) {}

    std::string_view key;
    std::string value;
    bool is_text;
};
using LogFields = std::initializer_list<LogField>;

/// `ts=… level=info msg="poll finished" org=production tokens=412`, or a JSON object of the same members.
/// Thread-safe. Logging never waits for the log's reader.
class Log {
  public:
    /// How long `flush` waits if the reader stands still.
    static constexpr std::chrono::milliseconds longest_flush{400};

    /// Takes a whole line, with its end, on the thread that logs.
    using Sink = std::function<void(std::string line)>;

    /// Writes to standard error.
    explicit Log(const config::Log& options);
    /// Hands lines to `sink`, which must be thread-safe where the log is used by several threads.
    Log(const config::Log& options, Sink sink);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    /// As `flush`.
    ~Log() { flush(); }

    void debug(std::string_view message, LogFields fields = {}) {
        write(config::LogLevel::debug, message, fields);
    }
    void info(std::string_view message, LogFields fields = {}) {
        write(config::LogLevel::info, message, fields);
    }
    void warn(std::string_view message, LogFields fields = {}) {
        write(config::LogLevel::warn, message, fields);
    }
    void error(std::string_view message, LogFields fields = {}) {
        write(config::LogLevel::error, message, fields);
    }

    /// Holds for the lines that follow.
    void set_level(config::LogLevel level) { level_ = level; }

    /// Waits for lines to be written, for `longest_flush` at most.
    void flush();

    /// Since the start: lines that were not read in time, or could not be written.
    [[nodiscard]] std::uint64_t lines_dropped() const;

  private:
    void write(config::LogLevel level, std::string_view message, LogFields fields);

    std::atomic<config::LogLevel> level_;
    const config::LogFormat format_;
    const std::unique_ptr<LogWriter> writer_;  ///< null: there is a sink of its own
    const Sink sink_;
};

}  // namespace exporter::app
