// The log: one line per event, as logfmt or JSON, on standard error. Texts may be untrusted (a server's error
// message, a token's name): whatever they contain, an event stays one line and its fields stay separate.
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

/// Writes lines to a file descriptor that may block (a pipe nobody reads, a paused terminal, a hanging disk),
/// from a bounded queue on a thread. Thread-safe.
///
/// The descriptor is shared with other processes, so its flags stay unchanged (O_NONBLOCK would apply to all
/// of them), and a blocked write can't be interrupted. A thread that hangs in a write is abandoned and ends
/// with the process.
class LogWriter {
  public:
    /// When more bytes than this wait, lines are dropped until half of them have been written or have failed.
    /// The line that crosses the limit is kept.
    static constexpr std::size_t most_waiting_bytes = std::size_t{256} << 10;

    /// Returns a complete line that reports the number of dropped lines; it is written in their place. Called
    /// on the writer's thread.
    using Notice = std::function<std::string(std::uint64_t lines)>;

    /// @param descriptor owned by the caller; must stay open while lines wait
    LogWriter(int descriptor, Notice notice);
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;
    /// Doesn't wait: call `flush` first to write what is queued.
    ~LogWriter();

    /// @param line complete, with its newline
    void write(std::string line) noexcept;

    /// Waits until the queue is written. False: it took longer than `limit`.
    bool flush(std::chrono::milliseconds limit);

    /// Lines that did not fit, or could not be written (a full disk, a closed pipe).
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    struct Shared;
    const std::shared_ptr<Shared> shared_;
};

/// A name, and a string, a number or a bool.
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

/// `ts=… level=info msg="poll finished" org=production tokens=412`, or a JSON object with the same members.
/// Thread-safe. Logging never waits for the log's reader.
class Log {
  public:
    /// Maximum wait in `flush`, in case the reader has stopped reading.
    static constexpr std::chrono::milliseconds longest_flush{400};

    /// Receives a complete line, with its newline, on the thread that logs.
    using Sink = std::function<void(std::string line)>;

    /// Writes to standard error.
    explicit Log(const config::Log& options);
    /// Passes lines to `sink`, which must be thread-safe if several threads use the log.
    Log(const config::Log& options, Sink sink);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    /// Calls `flush`.
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

    /// Applies to later lines.
    void set_level(config::LogLevel level) { level_ = level; }

    /// Waits until lines are written, `longest_flush` at most.
    void flush();

    /// Number of lines since the start that were not read in time, or could not be written.
    [[nodiscard]] std::uint64_t lines_dropped() const;

  private:
    void write(config::LogLevel level, std::string_view message, LogFields fields);

    std::atomic<config::LogLevel> level_;
    const config::LogFormat format_;
    const std::unique_ptr<LogWriter> writer_;  ///< null: the log has its own sink
    const Sink sink_;
};

}  // namespace exporter::app
