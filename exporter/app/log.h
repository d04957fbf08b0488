// The log: one line for each event, as logfmt or JSON, on standard error. Texts may be untrusted (a server's
// words, a token's name): whatever they hold, an event stays one line and its fields stay apart.
#pragma once

#include "config/config.h"

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

/// Thread-safe.
class Log {
  public:
    /// Writes to standard error.
    explicit Log(const config::Log& options);
    /// Writes through `logger`, whose pattern becomes the format's.
    Log(const config::Log& options, std::shared_ptr<spdlog::logger> logger);

    void debug(std::string_view message, std::initializer_list<LogField> fields = {});
    void info(std::string_view message, std::initializer_list<LogField> fields = {});
    void warn(std::string_view message, std::initializer_list<LogField> fields = {});
    void error(std::string_view message, std::initializer_list<LogField> fields = {});
    void flush();

  private:
    void write(config::LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

    const config::LogFormat format_;
    const std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace exporter::app
