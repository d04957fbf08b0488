#include "base/regular_file.h"

#include "base/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace exporter::base {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

tl::unexpected<std::string> unreadable(int error) {
    return tl::unexpected("can't be read: " + std::generic_category().message(error));
}

tl::unexpected<std::string> too_long(std::size_t longest) {
    return tl::unexpected(longest % mebibyte == 0 ? fmt::format("is longer than {} MiB", longest / mebibyte)
                                                  : fmt::format("is longer than {} bytes", longest));
}

tl::expected<Descriptor, std::string> open_regular(const std::filesystem::path& path, Links links,
                                                   struct stat& status) {
    // Check before opening: opening /dev/watchdog, for example, would start its timer.
    const int link_flag = links == Links::refused ? AT_SYMLINK_NOFOLLOW : 0;
    if (::fstatat(AT_FDCWD, path.c_str(), &status, link_flag) != 0) {
        return unreadable(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return tl::unexpected(std::string(fault_in_kind(status.st_mode)));
    }
    // The file may have been replaced since, so nothing below relies on the first check.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                             (links == Links::refused ? O_NOFOLLOW : 0)));
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return unreadable(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return tl::unexpected(std::string(fault_in_kind(status.st_mode)));
    }
    return file;
}

/// Reads up to `most` bytes from the start of a file.
///
/// @param size the file's size when it was opened; 0 for files that the kernel generates
tl::expected<WipedBytes, std::string> read_up_to(std::size_t most, const Descriptor& file, std::size_t size) {
    constexpr std::size_t page = 4096;
    WipedBytes bytes(std::min(most, std::max(size + 1, page)));
    std::size_t length = 0;
    while (length < most) {
        if (length == bytes.size()) {
            bytes.resize(std::min(most, 2 * length));
        }
        const ssize_t count = ::read(file.get(), bytes.data() + length, bytes.size() - length);
        if (count < 0 && errno != EINTR) {
            return unreadable(errno);
        }
        if (count == 0) {
            break;
        }
        length += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    bytes.resize(length);
    return bytes;
}

/// All groups of this process.
std::vector<gid_t> own_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    groups.push_back(::getegid());
    return groups;
}

}  // namespace

std::string_view fault_in_kind(mode_t mode) {
    return S_ISDIR(mode) ? "is a directory" : S_ISLNK(mode) ? "is a symbolic link" : "is not a regular file";
}

tl::expected<FileText, std::string> read_regular_file(const std::filesystem::path& path, std::size_t longest,
                                                      Links links, Longer longer) {
    constexpr mode_t permission_bits = 07777;
    struct stat status{};
    const auto file = open_regular(path, links, status);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    const bool may_be_longer = longer == Longer::cut;
    if (size > longest && !may_be_longer) {
        return too_long(longest);
    }
    // One extra byte shows whether the file is longer.
    auto bytes = read_up_to(may_be_longer ? longest : longest + 1, *file, size);
    if (!bytes) {
        return tl::unexpected(std::move(bytes.error()));
    }
    if (bytes->size() > longest) {
        return too_long(longest);
    }
    return FileText{Secret(*std::move(bytes)), status.st_mode & permission_bits,
                    others_who_may_write(status, ::geteuid(), own_groups())};
}

FileReader file_reader() {
    return [](const std::string& path) { return read_regular_file(path, mebibyte); };
}

std::string others_who_may_write(const struct stat& file, uid_t user, const std::vector<gid_t>& groups) {
    if (file.st_uid != user && file.st_uid != 0) {
        return fmt::format("it belongs to user {}, not to this user or root", file.st_uid);
    }
    if ((file.st_mode & S_IWOTH) != 0) {
        return "every user can write to it; remove that with chmod o-w";
    }
    if ((file.st_mode & S_IWGRP) != 0 &&
        std::find(groups.begin(), groups.end(), file.st_gid) == groups.end()) {
        return fmt::format(
            "group {}, which this process is not in, can write to it; remove that with chmod g-w",
            file.st_gid);
    }
    return {};
}

std::string open_to_everybody(mode_t mode) {
    return fmt::format(
        "every user of this machine can read or write it (mode {:04o}); remove that with chmod o-rw (in "
        "Kubernetes: defaultMode 0440 and fsGroup), or allow it with --datadog.allow-world-readable-secrets",
        mode);
}

}  // namespace exporter::base
