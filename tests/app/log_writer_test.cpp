#include "app/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>

namespace exporter::app {
namespace {

using namespace std::chrono_literals;

/// Far longer than any wait should take; a test that reaches it has failed.
constexpr auto patience = 20s;

/// A pipe of the smallest possible size, which only the test reads.
class Pipe {
  public:
    Pipe() {
        std::signal(SIGPIPE, SIG_IGN);
        EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
        capacity_ = static_cast<std::size_t>(::fcntl(ends_[1], F_SETPIPE_SZ, 4096));
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_reader();
        ::close(ends_[1]);
    }

    [[nodiscard]] int writer() const { return ends_[1]; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

    void close_reader() {
        if (ends_[0] >= 0) {
            ::close(std::exchange(ends_[0], -1));
        }
    }

    /// Opens a reader later, as with a named pipe.
    void open_reader() {
        close_reader();
        ends_[0] = ::open(("/proc/self/fd/" + std::to_string(ends_[1])).c_str(), O_RDONLY | O_CLOEXEC);
        EXPECT_GE(ends_[0], 0);
    }

    std::string read(std::size_t size) {
        std::string text(size, '\0');
        std::size_t filled = 0;
        while (filled < size) {
            pollfd readable{ends_[0], POLLIN, 0};
            const bool came = ::poll(&readable, 1, static_cast<int>(patience / 1ms)) == 1;
            const ssize_t received = came ? ::read(ends_[0], text.data() + filled, size - filled) : 0;
            if (received <= 0) {
                ADD_FAILURE() << "read nothing after " << filled << " of " << size << " bytes";
                break;
            }
            filled += static_cast<std::size_t>(received);
        }
        text.resize(filled);
        return text;
    }

    /// Reads up to `last`, which must be the end of the output.
    std::string read_to(const std::string& last) {
        std::string text;
        while (!text.ends_with(last)) {
            const std::string next = read(1);
            if (next.empty()) {
                break;
            }
            text += next;
        }
        return text;
    }

  private:
    std::array<int, 2> ends_{-1, -1};
    std::size_t capacity_ = 0;
};

std::string notice(std::uint64_t lines) {
    return std::to_string(lines) + " dropped\n";
}

/// A line a tenth of the size of the writer's queue.
std::string long_line(char fill) {
    return std::string(LogWriter::most_waiting_bytes / 10 - 1, fill) + "\n";
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) {
        ++found;
    }
    return found;
}

TEST(LogWriter, WritesLinesInTheirOrder) {
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 100; ++line) {
        writer.write(std::to_string(line) + "\n");
    }

    EXPECT_TRUE(writer.flush(patience));

    const std::string text = pipe.read_to("\n99\n");
    EXPECT_THAT(text, testing::StartsWith("0\n1\n2\n"));
    EXPECT_EQ(count(text, "\n"), 100U);
    EXPECT_EQ(writer.dropped(), 0U);
}

TEST(LogWriter, QueuesAtMost256KiBAndReportsDroppedLines) {
    EXPECT_EQ(LogWriter::most_waiting_bytes, 262144U);
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 30; ++line) {
        writer.write(long_line('a'));  // The eleventh line exceeds the limit but is still queued.
    }
    EXPECT_EQ(writer.dropped(), 19U);

    const std::string text = pipe.read_to(" dropped\n");
    writer.write("after\n");

    EXPECT_EQ(count(text, "a\n"), 11U);
    EXPECT_TRUE(text.ends_with("a\n19 dropped\n")) << text.substr(text.size() - 100);
    EXPECT_EQ(pipe.read_to("after\n"), "after\n");
    EXPECT_TRUE(writer.flush(patience));
    EXPECT_EQ(writer.dropped(), 19U);
}

TEST(LogWriter, TakesLinesAgainOnceHalfOfWhatWaitedIsWritten) {
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 12; ++line) {
        writer.write(long_line('a'));
    }
    // Six of the eleven queued lines, and the start of the next.
    std::string text = pipe.read(6 * long_line('a').size() + 1);
    writer.write("after\n");

    text += pipe.read_to("after\n");

    EXPECT_TRUE(text.ends_with("a\n1 dropped\nafter\n")) << text.substr(text.size() - 100);
    EXPECT_EQ(writer.dropped(), 1U);
}

TEST(LogWriter, FlushTimesOutIfNobodyReads) {
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    writer.write(std::string(pipe.capacity() + 1, 'a'));

    EXPECT_FALSE(writer.flush(10ms));

    EXPECT_EQ(pipe.read_to(std::string(pipe.capacity() + 1, 'a')).size(), pipe.capacity() + 1);
    EXPECT_TRUE(writer.flush(patience));
}

TEST(LogWriter, IsDestroyedAtOnceEvenIfTheReaderStalls) {
    Pipe pipe;
    {
        LogWriter writer(pipe.writer(), notice);
        writer.write(std::string(pipe.capacity() + 1, 'a') + "\n");
    }

    // Its thread continues on its own.
    EXPECT_EQ(pipe.read_to("a\n").size(), pipe.capacity() + 2);
}

TEST(LogWriter, CountsLinesLostToAClosedReader) {
    Pipe pipe;
    pipe.close_reader();
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 5; ++line) {
        writer.write("lost\n");
    }

    EXPECT_TRUE(writer.flush(patience));

    EXPECT_EQ(writer.dropped(), 5U);
}

TEST(LogWriter, RecoversAfterAFullQueueAndAClosedReader) {
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 12; ++line) {
        writer.write(long_line('a'));  // Eleven are queued.
    }
    pipe.close_reader();
    ASSERT_TRUE(writer.flush(patience));
    EXPECT_EQ(writer.dropped(), 1U + 11U);
    pipe.open_reader();
    writer.write("after\n");

    const std::string text = pipe.read_to(" dropped\n");

    EXPECT_TRUE(text.ends_with("after\n12 dropped\n")) << text;
    EXPECT_TRUE(writer.flush(patience));
    EXPECT_EQ(writer.dropped(), 12U);
}

TEST(LogWriter, DoesNotCountALostNotice) {
    Pipe pipe;
    LogWriter writer(pipe.writer(), notice);
    for (int line = 0; line < 12; ++line) {
        writer.write(long_line('a'));  // Eleven are queued.
    }
    pipe.read(6 * long_line('a').size() + 1);  // Then the notice is queued behind the other five.
    pipe.close_reader();

    EXPECT_TRUE(writer.flush(patience));

    EXPECT_EQ(writer.dropped(), 1U + 5U);
}

TEST(LogWriter, WaitsEvenIfTheDescriptorIsNonBlocking) {
    Pipe pipe;
    ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
    LogWriter writer(pipe.writer(), notice);
    const std::string line(2 * pipe.capacity(), 'a');
    writer.write(line + "\n");

    EXPECT_EQ(pipe.read_to("a\n").size(), line.size() + 1);

    EXPECT_TRUE(writer.flush(patience));
    EXPECT_EQ(writer.dropped(), 0U);
}

}  // namespace
}  // namespace exporter::app
