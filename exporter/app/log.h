// The log: one line for each event, as logfmt or JSON, on standard error. Texts may be untrusted (a server's
// words, a token's name): whatever they hold, an event stays one line and its fields stay apart.
#pragma once

#include "app/log_writer.h"
#include "config/config.h"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace spdlog {
class logger;
}

namespace exporter::app {

struct LogField {
    std::string_view key;
    std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;
};

/// `msg="poll finished" org=production tokens=412`, or the same as JSON members: all of a line but time and
/// level.
[[nodiscard]] std::string format_event(config::LogFormat format, std::string_view message,
                                       std::initializer_list<LogField> fields);

/// Thread-safe. Logging never waits for the log's reader.
class Log {
  public:
    /// How long `flush` waits if the reader stands still.
    static constexpr std::chrono::milliseconds longest_flush{400};

    /// Writes to standard error.
    explicit Log(const config::Log& options);
    /// Writes through `logger`, whose pattern becomes the format's, on the thread that logs.
    Log(const config::Log& options, std::shared_ptr<spdlog::logger> logger);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    /// As `flush`.
    ~Log();

    void debug(std::string_view message, std::initializer_list<LogField> fields = {});
    void info(std::string_view message, std::initializer_list<LogField> fields = {});
    void warn(std::string_view message, std::initializer_list<LogField> fields = {});
    void error(std::string_view message, std::initializer_list<LogField> fields = {});
    /// Waits for lines to be written, for `longest_flush` at most.
    void flush();

    /// Since the start: lines that were not read in time, or could not be written.
    [[nodiscard]] std::uint64_t lines_dropped() const;

  private:
    Log(const config::Log& options, std::shared_ptr<LogWriter> writer);
    void write(config::LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

    const config::LogFormat format_;
    const std::shared_ptr<spdlog::logger> logger_;
    std::shared_ptr<LogWriter> writer_;  ///< constant after construction; null: `logger_` writes itself
};

}  // namespace exporter::app
