#include "app/log.h"

#include "base/dates.h"
#include "scan/clock.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace exporter::app {

namespace {

/// False: it can't be written.
bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            // Another process that shares the descriptor has made it non-blocking.
            pollfd writable{descriptor, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/// A JSON string of printable ASCII: all other bytes are escaped, so that neither line breaks nor terminal
/// escape sequences survive. Names beyond ASCII are rare in a log, and homoglyphs in them are not worth the
/// risk.
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

/// By `LogLevel`.
constexpr std::array<std::string_view, 4> level_names = {"debug", "info", "warning", "error"};

std::string format_line(config::LogFormat format, config::LogLevel level, std::string_view message,
                        LogFields fields) {
    const bool json = format == config::LogFormat::json;
    const base::Timestamp now = scan::system_clock().now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    std::string moment = base::format_rfc3339(second);
    moment.pop_back();
    moment += fmt::format(".{:03}Z", std::chrono::floor<std::chrono::milliseconds>(now - second).count());
    const std::string_view name = level_names.at(static_cast<std::size_t>(level));
    std::string line = json
                           ? fmt::format(R"({{"ts":"{}","level":"{}","msg":{})", moment, name, quote(message))
                           : fmt::format("ts={} level={} msg={}", moment, name, quote(message));
    for (const LogField& field : fields) {
        const bool quoted = field.is_text && (json || !is_bare(field.value));
        const std::string value = quoted ? quote(field.value) : field.value;
        line += json ? fmt::format(R"(,"{}":{})", field.key, value) : fmt::format(" {}={}", field.key, value);
    }
    return line + (json ? "}\n" : "\n");
}

LogWriter::Notice notice_of(config::LogFormat format) {
    return [format](std::uint64_t lines) {
        return format_line(
            format, config::LogLevel::warn,
            "log lines were dropped because they were not read in time or could not be written",
            {{"lines", lines}});
    };
}

}  // namespace

struct LogWriter::Shared {
    Shared(int file, Notice words) : descriptor(file), notice(std::move(words)) {}

    struct Line {
        std::string text;
        std::uint64_t tells_of = 0;  ///< number of dropped lines that a notice reports; 0: not a notice
    };

    void run();

    /// Requires the mutex. False: there is not enough memory.
    bool push(std::string text, std::uint64_t tells_of) noexcept {
        try {
            lines.push_back({std::move(text), tells_of});
        } catch (const std::exception&) {
            return false;
        }
        waiting_bytes += lines.back().text.size();
        full = waiting_bytes > most_waiting_bytes;
        came.notify_one();
        return true;
    }

    const int descriptor;
    const Notice notice;

    std::mutex mutex;  ///< never held while writing
    std::condition_variable came;
    std::condition_variable gone;
    // Protected by mutex:
    std::deque<Line> lines;
    std::size_t waiting_bytes = 0;  ///< size of `lines` and of the line being written
    bool full = false;              ///< until half of it has been written or has failed
    bool closed = false;
    std::uint64_t dropped = 0;
    std::uint64_t untold = 0;  ///< part of `dropped` that no notice has reported yet
};

void LogWriter::Shared::run() {
    std::unique_lock lock(mutex);
    for (;;) {
        came.wait(lock, [this] { return closed || !lines.empty(); });
        if (lines.empty()) {
            return;
        }
        const Line line = std::move(lines.front());
        lines.pop_front();
        lock.unlock();
        const bool written = write_all(descriptor, line.text);
        lock.lock();
        waiting_bytes -= line.text.size();
        full = full && waiting_bytes > most_waiting_bytes / 2;  // Failed lines make room as well.
        if (!written) {
            // A lost notice is not counted as a lost line: each would cause another notice.
            dropped += line.tells_of == 0 ? 1 : 0;
            untold += std::max<std::uint64_t>(line.tells_of, 1);
        } else if (untold > 0 && !full) {
            // The notice goes after the lines that were queued before the drop; none has been queued since.
            try {
                untold = push(notice(untold), untold) ? 0 : untold;
            } catch (const std::exception&) {
                // Not enough memory for a notice: a later one includes these lines.
            }
        }
        gone.notify_all();
    }
}

LogWriter::LogWriter(int descriptor, Notice notice)
    : shared_(std::make_shared<Shared>(descriptor, std::move(notice))) {
    std::thread([shared = shared_] { shared->run(); }).detach();
}

LogWriter::~LogWriter() {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    shared_->came.notify_all();
}

void LogWriter::write(std::string line) noexcept {
    Shared& shared = *shared_;
    const std::lock_guard lock(shared.mutex);
    if (shared.full || !shared.push(std::move(line), 0)) {
        ++shared.dropped;
        ++shared.untold;
    }
}

bool LogWriter::flush(std::chrono::milliseconds limit) {
    std::unique_lock lock(shared_->mutex);
    return shared_->gone.wait_for(lock, limit, [this] { return shared_->waiting_bytes == 0; });
}

std::uint64_t LogWriter::dropped() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->dropped;
}

Log::Log(const config::Log& options)
    : level_(options.level),
      format_(options.format),
      writer_(std::make_unique<LogWriter>(STDERR_FILENO, notice_of(options.format))),
      sink_([this](std::string line) { writer_->write(std::move(line)); }) {}

Log::Log(const config::Log& options, Sink sink)
    : level_(options.level), format_(options.format), sink_(std::move(sink)) {}

void Log::write(config::LogLevel level, std::string_view message, LogFields fields) {
    if (level >= level_) {
        sink_(format_line(format_, level, message, fields));
    }
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
