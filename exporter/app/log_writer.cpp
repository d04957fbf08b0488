#include "app/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string_view>
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
            // Somebody else who shares the descriptor has made it non-blocking.
            pollfd writable{descriptor, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

struct LogWriter::Shared {
    Shared(int file, Notice words) : descriptor(file), notice(std::move(words)) {}

    void run();
    void written(std::size_t bytes, bool done, std::uint64_t told);
    void drop() {
        ++dropped;
        ++untold;
    }

    struct Line {
        std::string text;
        std::uint64_t tells = 0;  ///< of a notice: how many lines it says were dropped
    };

    const int descriptor;
    const Notice notice;

    std::mutex mutex;  ///< never held while writing
    std::condition_variable came;
    std::condition_variable gone;
    // Protected by mutex:
    std::deque<Line> lines;
    std::size_t waiting_bytes = 0;  ///< of `lines` and of the one that is being written
    bool full = false;              ///< until half of it has been written, or has failed
    bool closed = false;
    std::uint64_t dropped = 0;
    std::uint64_t untold = 0;  ///< of `dropped`
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
        const bool done = write_all(descriptor, line.text);
        lock.lock();
        try {
            written(line.text.size(), done, line.tells);
        } catch (const std::exception&) {
            // No memory for a notice: the next one counts these lines too.
        }
        gone.notify_all();
    }
}

void LogWriter::Shared::written(std::size_t bytes, bool done, std::uint64_t told) {
    waiting_bytes -= bytes;
    full = full && waiting_bytes > most_waiting_bytes / 2;  // Lines that failed make room as well.
    if (!done) {
        // A lost notice is not counted as a lost line, or each would be followed by another, for ever.
        if (told > 0) {
            untold += told;
        } else {
            drop();
        }
        return;
    }
    if (untold > 0 && !full) {
        lines.push_back({notice(untold), untold});
        waiting_bytes += lines.back().text.size();
        untold = 0;
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
    if (shared.full) {
        shared.drop();
        return;
    }
    try {
        shared.lines.push_back({std::move(line)});
    } catch (const std::exception&) {
        shared.drop();
        return;
    }
    shared.waiting_bytes += shared.lines.back().text.size();
    shared.full = shared.waiting_bytes > most_waiting_bytes;
    shared.came.notify_one();
}

bool LogWriter::flush(std::chrono::milliseconds limit) {
    std::unique_lock lock(shared_->mutex);
    return shared_->gone.wait_for(lock, limit, [this] { return shared_->waiting_bytes == 0; });
}

std::uint64_t LogWriter::dropped() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->dropped;
}

}  // namespace exporter::app
