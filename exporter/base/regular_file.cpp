#include "base/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace exporter::base {
namespace {

constexpr mode_t permission_bits = 07777;

tl::unexpected<FileError> failure(FileError::Kind kind) {
    return tl::unexpected(FileError{kind, {}, 0});
}

tl::unexpected<FileError> too_long(std::size_t longest) {
    return tl::unexpected(FileError{FileError::Kind::too_long, {}, longest});
}

tl::unexpected<FileError> failure(int error) {
    return tl::unexpected(FileError{error == ENOENT ? FileError::Kind::missing : FileError::Kind::unreadable,
                                    std::generic_category().message(error), 0});
}

tl::expected<void, FileError> require_regular(mode_t mode) {
    if (S_ISREG(mode)) {
        return {};
    }
    return failure(S_ISDIR(mode)   ? FileError::Kind::directory
                   : S_ISLNK(mode) ? FileError::Kind::link
                                   : FileError::Kind::irregular);
}

/// All groups that this process is in.
std::vector<gid_t> own_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    groups.push_back(::getegid());
    return groups;
}

/// Bytes that are overwritten before their memory is given back, unless they are taken out.
class WipedBytes {
  public:
    explicit WipedBytes(std::size_t capacity) : bytes_(std::max(capacity, on_the_heap), '\0') {}
    WipedBytes(const WipedBytes&) = delete;
    WipedBytes& operator=(const WipedBytes&) = delete;
    ~WipedBytes() { wipe(bytes_); }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t room() const { return bytes_.size() - size_; }
    [[nodiscard]] char* end() { return bytes_.data() + size_; }
    void add(std::size_t count) { size_ += count; }
    void grow() {
        std::string larger(2 * bytes_.size(), '\0');
        bytes_.copy(larger.data(), size_);
        wipe(bytes_);
        bytes_ = std::move(larger);
    }
    [[nodiscard]] std::string take() {
        bytes_.resize(size_);
        return std::exchange(bytes_, {});
    }

  private:
    /// A shorter string would lie in its object, and each object that it is moved from would keep the text.
    static constexpr std::size_t on_the_heap = 64;

    static void wipe(std::string& text) { explicit_bzero(text.data(), text.size()); }

    std::string bytes_;
    std::size_t size_ = 0;
};

/// Reads on until `bytes` holds `most` or the file ends.
tl::expected<void, FileError> read_up_to(int descriptor, std::size_t most, WipedBytes& bytes) {
    while (bytes.size() < most) {
        if (bytes.room() == 0) {
            bytes.grow();
        }
        const ssize_t count = ::pread(descriptor, bytes.end(), std::min(bytes.room(), most - bytes.size()),
                                      static_cast<off_t>(bytes.size()));
        if (count == 0) {
            break;
        }
        if (count > 0) {
            bytes.add(static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            return failure(errno);
        }
    }
    return {};
}

}  // namespace

std::string others_who_may_write(const Ownership& file, uid_t user, const std::vector<gid_t>& groups) {
    if (file.owner != user && file.owner != 0) {
        return fmt::format("it belongs to user {}, who is neither this one nor root", file.owner);
    }
    if ((file.mode & S_IWOTH) != 0) {
        return "every user can write it; take that away with chmod o-w";
    }
    if ((file.mode & S_IWGRP) != 0 && std::find(groups.begin(), groups.end(), file.group) == groups.end()) {
        return fmt::format(
            "group {}, in which this process is not, can write it; take that away with chmod g-w",
            file.group);
    }
    return {};
}

std::string others_who_may_write(const Ownership& file) {
    return others_who_may_write(file, ::geteuid(), own_groups());
}

std::string_view kind_of_file(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return "a directory";
        case S_IFLNK:
            return "a symbolic link";
        case S_IFIFO:
            return "a named pipe";
        case S_IFSOCK:
            return "a socket";
        default:
            return "a device";
    }
}

std::string describe(const FileError& error) {
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    switch (error.kind) {
        case FileError::Kind::link:
            return "is a symbolic link";
        case FileError::Kind::directory:
            return "is a directory";
        case FileError::Kind::irregular:
            return "is not a regular file, and could not be read again when it changes";
        case FileError::Kind::too_long:
            return error.longest % mebibyte == 0
                       ? fmt::format("is longer than {} MiB", error.longest / mebibyte)
                       : fmt::format("is longer than {} bytes", error.longest);
        case FileError::Kind::missing:
        case FileError::Kind::unreadable:
            break;
    }
    return fmt::format("can't be read: {}", error.system_message);
}

tl::expected<RegularFile, FileError> RegularFile::open(const std::filesystem::path& path, Links links) {
    // First without opening it: that would start the watchdog timer of /dev/watchdog, for one.
    struct stat status{};
    const int found =
        links == Links::followed ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
    if (found != 0) {
        return failure(errno);
    }
    if (const auto regular = require_regular(status.st_mode); !regular) {
        return tl::unexpected(regular.error());
    }
    // It may have been replaced since, so nothing that follows relies on the look before.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                             (links == Links::refused ? O_NOFOLLOW : 0)));
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return errno == ELOOP && links == Links::refused ? failure(FileError::Kind::link) : failure(errno);
    }
    if (const auto regular = require_regular(status.st_mode); !regular) {
        return tl::unexpected(regular.error());
    }
    return RegularFile(std::move(file), {status.st_uid, status.st_gid, status.st_mode & permission_bits},
                       static_cast<std::uint64_t>(status.st_size));
}

tl::expected<std::string, FileError> RegularFile::read(std::size_t longest) const {
    if (size_ > longest) {
        return too_long(longest);
    }
    // One byte more shows the end, or that there is more.
    WipedBytes bytes(static_cast<std::size_t>(size_) + 1);
    if (auto done = read_up_to(descriptor_.get(), longest + 1, bytes); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    if (bytes.size() > longest) {
        return too_long(longest);
    }
    return bytes.take();
}

tl::expected<std::string, FileError> RegularFile::beginning(std::size_t size) const {
    WipedBytes bytes(size);
    if (auto done = read_up_to(descriptor_.get(), size, bytes); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    return bytes.take();
}

}  // namespace exporter::base
