#include "app/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace exporter::app {

namespace {

spdlog::level::level_enum spdlog_level(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::debug:
            return spdlog::level::debug;
        case config::LogLevel::info:
            return spdlog::level::info;
        case config::LogLevel::warn:
            return spdlog::level::warn;
        case config::LogLevel::error:
            break;
    }
    return spdlog::level::err;
}

const char* pattern(config::LogFormat format) {
    return format == config::LogFormat::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                             : "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v";
}

std::unique_ptr<spdlog::formatter> formatter_of(config::LogFormat format) {
    return std::make_unique<spdlog::pattern_formatter>(pattern(format), spdlog::pattern_time_type::utc);
}

std::string formatted(spdlog::formatter& formatter, const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter.format(message, line);
    return fmt::to_string(line);
}

/// Formats, and leaves the writing to somebody who may wait.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit WriterSink(std::shared_ptr<LogWriter> writer) : writer_(std::move(writer)) {}

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        writer_->write(formatted(*formatter_, message));
    }
    void flush_() override {}

    const std::shared_ptr<LogWriter> writer_;
};

LogWriter::Notice notice_of(config::LogFormat format) {
    return [format, formatter = std::shared_ptr(formatter_of(format))](std::uint64_t lines) {
        const std::string event = format_event(
            format, "log lines were dropped: not read in time, or not writable", {{"lines", lines}});
        return formatted(*formatter, {"", spdlog::level::warn, event});
    };
}

/// A JSON string of printable ASCII: every other byte is escaped, so that neither a line break nor a
/// terminal's escape sequence survives. Names beyond ASCII are rare in a log, and their look-alikes are not
/// worth the risk.
std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte >= 0x7F) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
        } else {
            out.push_back(c);
        }
    }
    return out + "\"";
}

bool is_bare(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
    });
}

struct ValueText {
    config::LogFormat format;

    std::string operator()(const std::string& text) const {
        return format == config::LogFormat::logfmt && is_bare(text) ? text : quote(text);
    }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(double number) const { return fmt::format("{:.3f}", number); }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(std::uint64_t number) const { return fmt::format("{}", number); }
};

}  // namespace

std::string format_event(config::LogFormat format, std::string_view message,
                         std::initializer_list<LogField> fields) {
    const bool json = format == config::LogFormat::json;
    std::string line = (json ? "\"msg\":" : "msg=") + quote(message);
    for (const LogField& field : fields) {
        const std::string value = std::visit(ValueText{format}, field.value);
        line += json ? fmt::format(",\"{}\":{}", field.key, value) : fmt::format(" {}={}", field.key, value);
    }
    return line;
}

Log::Log(const config::Log& options)
    : Log(options, std::make_shared<LogWriter>(STDERR_FILENO, notice_of(options.format))) {}

Log::Log(const config::Log& options, std::shared_ptr<LogWriter> writer)
    : Log(options, std::make_shared<spdlog::logger>("", std::make_shared<WriterSink>(writer))) {
    writer_ = std::move(writer);
}

Log::Log(const config::Log& options, std::shared_ptr<spdlog::logger> logger)
    : format_(options.format), logger_(std::move(logger)) {
    logger_->set_formatter(formatter_of(options.format));
    logger_->set_level(spdlog_level(options.level));
    // By default it writes its own errors (memory is exhausted) to standard error, and waits for that.
    logger_->set_error_handler([](const std::string&) {});
}

Log::~Log() {
    flush();
}

void Log::write(config::LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    const auto spdlog_severity = spdlog_level(level);
    if (logger_->should_log(spdlog_severity)) {
        logger_->log(spdlog_severity, "{}", format_event(format_, message, fields));
    }
}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) {
    write(config::LogLevel::debug, message, fields);
}

void Log::info(std::string_view message, std::initializer_list<LogField> fields) {
    write(config::LogLevel::info, message, fields);
}

void Log::warn(std::string_view message, std::initializer_list<LogField> fields) {
    write(config::LogLevel::warn, message, fields);
}

void Log::error(std::string_view message, std::initializer_list<LogField> fields) {
    write(config::LogLevel::error, message, fields);
}

void Log::flush() {
    if (writer_) {
        writer_->flush(longest_flush);
    }
}

std::uint64_t Log::lines_dropped() const {
    return writer_ ? writer_->dropped() : 0;
}

}  // namespace exporter::app
