#include "config/file_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace exporter::config {
namespace {

constexpr std::size_t longest_text = 1'048'576;

tl::unexpected<FileError> unreadable(int error) {
    return tl::unexpected(FileError{FileError::Kind::unreadable, std::generic_category().message(error)});
}

class FileDescriptor {
  public:
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() {
        if (descriptor_ >= 0) {
            close(descriptor_);
        }
    }
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

/// Room for the longest text and one byte that shows there is more.
class WipedBuffer {
  public:
    explicit WipedBuffer(std::size_t longest) : bytes_(longest + 1) {}
    WipedBuffer(const WipedBuffer&) = delete;
    WipedBuffer& operator=(const WipedBuffer&) = delete;
    ~WipedBuffer() { explicit_bzero(bytes_.data(), std::min(size_, bytes_.size())); }

    [[nodiscard]] bool full() const { return size_ == bytes_.size(); }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

    /// 0, or the error number.
    [[nodiscard]] int fill_from(int descriptor) {
        while (!full()) {
            const ssize_t count = read(descriptor, bytes_.data() + size_, bytes_.size() - size_);
            if (count == 0) {
                return 0;
            }
            if (count > 0) {
                size_ += static_cast<std::size_t>(count);
            } else if (errno != EINTR) {
                return errno;
            }
        }
        return 0;
    }

  private:
    std::vector<char> bytes_;
    std::size_t size_ = 0;
};

std::string reason_of(const FileError& error) {
    switch (error.kind) {
        case FileError::Kind::directory:
            return "is a directory";
        case FileError::Kind::irregular:
            return "is not a regular file, and could not be read again when it changes";
        case FileError::Kind::too_long:
            return "is longer than 1 MiB";
        case FileError::Kind::unreadable:
            break;
    }
    return fmt::format("can't be read: {}", error.system_message);
}

}  // namespace

bool FileText::is_open_to_everybody() const {
    return (mode & (S_IROTH | S_IWOTH)) != 0;
}

tl::expected<FileText, FileError> read_regular_file(const std::filesystem::path& path, std::size_t longest) {
    // Not blocking, for a named pipe would wait for its writer.
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
        return unreadable(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return tl::unexpected(
            FileError{S_ISDIR(status.st_mode) ? FileError::Kind::directory : FileError::Kind::irregular, {}});
    }
    WipedBuffer buffer(longest);
    if (const int error = buffer.fill_from(file.get()); error != 0) {
        return unreadable(error);
    }
    if (buffer.full()) {
        return tl::unexpected(FileError{FileError::Kind::too_long, {}});
    }
    return FileText{Secret(std::string(buffer.text())), status.st_mode & 07777U};
}

std::string open_to_everybody(unsigned mode) {
    return fmt::format(
        "every user of this machine can read or write it (mode {:04o}); take that away with chmod o-rw (in "
        "Kubernetes: defaultMode 0440 and fsGroup), or allow it with --datadog.allow-world-readable-secrets",
        mode);
}

FileReader file_reader() {
    return [](const std::string& path) -> tl::expected<FileText, std::string> {
        auto file = read_regular_file(path, longest_text);
        if (!file) {
            return tl::unexpected(reason_of(file.error()));
        }
        return *std::move(file);
    };
}

}  // namespace exporter::config
