#include "state/state_file.h"

#include "state/codec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace exporter::state {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

std::string text_of(int error) {
    return std::system_category().message(error);
}

/// All groups that this process is in.
std::vector<gid_t> own_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    groups.push_back(::getegid());
    return groups;
}

/// At most `size` bytes, from where the file stands. 0, or errno.
int read_up_to(int descriptor, std::size_t size, std::string& bytes) {
    bytes.resize(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = ::read(descriptor, bytes.data() + done, size - done);
        if (count == 0) {
            break;
        }
        if (count > 0) {
            done += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    bytes.resize(done);
    return 0;
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

tl::expected<std::optional<std::string>, Refusal> read_state_file(const std::string& path) {
    // Not blocking, for a named pipe would wait for its writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        const int error = errno;
        if (error == ENOENT) {
            return std::nullopt;
        }
        return tl::unexpected(Refusal{
            error == ELOOP ? "it is a symbolic link" : fmt::format("it can't be read: {}", text_of(error)),
            false});
    }
    if (!S_ISREG(status.st_mode)) {
        return tl::unexpected(Refusal{"it is no regular file", false});
    }
    const bool too_long = static_cast<std::uint64_t>(status.st_size) > max_file_size;
    std::string bytes;
    constexpr std::size_t enough_to_know_it = 64;
    if (const int error = read_up_to(
            file.get(), too_long ? enough_to_know_it : static_cast<std::size_t>(status.st_size), bytes);
        error != 0) {
        return tl::unexpected(Refusal{fmt::format("it can't be read: {}", text_of(error)), false});
    }
    const bool replaceable = looks_like_state(bytes);
    std::string why =
        others_who_may_write({status.st_uid, status.st_gid, status.st_mode}, ::geteuid(), own_groups());
    if (!why.empty()) {
        return tl::unexpected(Refusal{std::move(why), replaceable});
    }
    if (too_long) {
        return tl::unexpected(
            Refusal{fmt::format("it is longer than {} MiB", max_file_size / 1024 / 1024), replaceable});
    }
    return bytes;
}

ReplacementFile::ReplacementFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".new") {
    ::unlink(temporary_.c_str());
    constexpr mode_t for_the_owner = 0600;
    descriptor_ =
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, for_the_owner);
    check(descriptor_ >= 0);
}

ReplacementFile::~ReplacementFile() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        if (!renamed_) {
            ::unlink(temporary_.c_str());
        }
    }
}

void ReplacementFile::check(bool done) {
    if (!done && error_ == 0) {
        error_ = errno;
    }
}

void ReplacementFile::append(std::string_view bytes) {
    write_at(bytes, size_);
    size_ += bytes.size();
}

void ReplacementFile::overwrite_start(std::string_view bytes) {
    write_at(bytes, 0);
}

void ReplacementFile::write_at(std::string_view bytes, std::uint64_t offset) {
    while (error_ == 0 && !bytes.empty()) {
        const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            check(errno == EINTR);
            continue;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
}

tl::expected<void, std::string> ReplacementFile::commit() {
    if (error_ == 0 && size_ > max_file_size) {
        return tl::unexpected(
            fmt::format("{}: it would be longer than {} MiB", path_, max_file_size / 1024 / 1024));
    }
    if (error_ == 0) {
        check(::fsync(descriptor_) == 0);
    }
    if (error_ == 0) {
        check(::rename(temporary_.c_str(), path_.c_str()) == 0);
    }
    if (error_ != 0) {
        return tl::unexpected(fmt::format("{}: {}; its directory must exist, be writable and have room",
                                          path_, text_of(error_)));
    }
    renamed_ = true;
    // So that the new name outlives a power cut. Where the file system can't promise that, a power cut leaves
    // the file before, which is whole as well.
    const std::string directory = std::filesystem::path(path_).parent_path().string();
    const Descriptor parent(
        ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.get() >= 0) {
        ::fsync(parent.get());
    }
    return {};
}

}  // namespace exporter::state
