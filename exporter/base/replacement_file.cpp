#include "base/replacement_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

namespace exporter::base {
namespace {

/// What a path resolves to.
struct Target {
    std::string path;
    std::optional<struct stat> file;  ///< nullopt: nothing is there yet
};

/// Unfinished files that already have a name (`temporary_`). The mutex is held while a file is named, moved
/// into place or removed. Never destroyed, because the process can exit while a thread is still writing.
struct Named {
    std::mutex mutex;
    std::set<ReplacementFile*> files;
};

Named& named() {
    static auto* const all = new Named;
    return *all;
}

std::string text_of(int error) {
    return std::generic_category().message(error);
}

std::string directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path().string() : ".";
}

/// Whether a link refers to an open file, like /proc/self/fd/1 and hence /dev/stdout.
bool is_open_file(const std::filesystem::path& link) {
    struct statfs system{};
    return ::statfs(directory_of(link).c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/// Why a link can't be followed; empty: it can.
std::string fault_in_link(const std::filesystem::path& path, const struct stat& link, Links links,
                          unsigned links_before) {
    constexpr unsigned most_links = 40;  // the kernel's limit
    if (links == Links::refused) {
        return fmt::format("{}, and is left alone", fault_in_kind(link.st_mode));
    }
    // In a world-writable directory such as /tmp, anybody can plant a link to a file that only this user may
    // write to; the kernel's protection (fs.protected_symlinks) does not cover the links that we resolve
    // ourselves.
    if (link.st_uid != ::geteuid() && link.st_uid != 0) {
        return fmt::format("is a symbolic link of user {}, not of this user or root", link.st_uid);
    }
    // Another process may be appending to that file; replacing it would send later writes to an unlinked
    // file.
    if (is_open_file(path)) {
        return "leads to a file that a process has open, and is left alone";
    }
    return links_before == most_links ? text_of(ELOOP) : "";
}

/// The error is worded to follow the requested path.
tl::expected<Target, std::string> resolve(std::filesystem::path path, Links links) {
    for (unsigned followed = 0;; ++followed) {
        struct stat status{};
        if (::lstat(path.c_str(), &status) != 0) {
            return errno == ENOENT ? tl::expected<Target, std::string>(Target{path.string(), std::nullopt})
                                   : tl::unexpected("can't be written: " + text_of(errno));
        }
        if (S_ISREG(status.st_mode)) {
            return Target{path.string(), status};
        }
        if (!S_ISLNK(status.st_mode)) {
            return tl::unexpected(fmt::format("{}, and is left alone", fault_in_kind(status.st_mode)));
        }
        if (std::string fault = fault_in_link(path, status, links, followed); !fault.empty()) {
            return tl::unexpected(std::move(fault));
        }
        std::error_code error;
        const std::filesystem::path next = std::filesystem::read_symlink(path, error);
        if (error) {
            return tl::unexpected("can't be written: " + error.message());
        }
        path = path.parent_path() / next;  // An absolute path replaces everything before it.
    }
}

std::string name_in_proc(int descriptor) {
    return fmt::format("/proc/self/fd/{}", descriptor);
}

/// Opens an unnamed file that can be named later; not open if that is not supported.
Descriptor open_unnamed(const std::string& directory) {
    Descriptor file(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    // Without /proc it could never be named.
    return file.is_open() && ::access(name_in_proc(file.get()).c_str(), F_OK) == 0 ? std::move(file)
                                                                                   : Descriptor();
}

bool is_still(const std::string& path, int descriptor) {
    struct stat named{};
    struct stat opened{};
    return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace

std::string fault_in_target(const std::string& path, Links links) {
    const auto target = resolve(path, links);
    return target ? "" : target.error();
}

ReplacementFile::ReplacementFile(std::string path, ReplacementOptions options)
    : path_(std::move(path)), options_(options) {
    auto target = resolve(path_, options_.links);
    if (!target) {
        problem_ = std::move(target.error());
        return;
    }
    target_ = std::move(target->path);
    temporary_ = target_ + ".new";
    replaced_ = target->file;
    create();
}

ReplacementFile::~ReplacementFile() {
    const std::lock_guard lock(named().mutex);
    remove_name();
}

void ReplacementFile::abandon_all() {
    named().mutex.lock();
    while (!named().files.empty()) {
        (*named().files.begin())->remove_name();
    }
}

/// Leaves the name alone if another file has taken it meanwhile.
void ReplacementFile::remove_name() {
    if (named().files.erase(this) > 0 && is_still(temporary_, file_.get())) {
        ::unlink(temporary_.c_str());
    }
}

void ReplacementFile::create() {
    file_ = open_unnamed(directory_of(target_));
    if (file_.is_open()) {
        return;
    }
    const std::lock_guard lock(named().mutex);
    ::unlink(temporary_.c_str());
    file_ =
        Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    check(file_.is_open());
    if (file_.is_open()) {
        named().files.insert(this);
    }
}

void ReplacementFile::check(bool done) {
    if (!done && problem_.empty()) {
        problem_ = text_of(errno) + "; its directory must exist, be writable and have free space";
    }
}

void ReplacementFile::append(std::string_view bytes) {
    while (problem_.empty() && !bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0) {
            check(errno == EINTR);
            continue;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::uint64_t>(written);
    }
}

void ReplacementFile::take_over_mode() {
    mode_t mode = options_.mode;
    if (options_.keep_mode && replaced_) {
        mode = replaced_->st_mode & 0777U;
        // Only root may change the owner; others can keep the group if they are in it. Otherwise the file's
        // new group must not get the old group's rights.
        if (::fchown(file_.get(), replaced_->st_uid, replaced_->st_gid) != 0 &&
            ::fchown(file_.get(), static_cast<uid_t>(-1), replaced_->st_gid) != 0) {
            mode &= ~static_cast<mode_t>(S_IRWXG);
        }
    }
    check(::fchmod(file_.get(), mode) == 0);
}

void ReplacementFile::take_place() {
    const std::lock_guard lock(named().mutex);
    if (!named().files.contains(this)) {
        ::unlink(temporary_.c_str());  // left by a process that was killed at just this moment
        const std::string unnamed = name_in_proc(file_.get());
        check(::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0);
    } else if (!is_still(temporary_, file_.get())) {
        problem_ = "another process is writing it too";
    }
    if (!problem_.empty()) {
        return;
    }
    named().files.insert(this);
    check(::rename(temporary_.c_str(), target_.c_str()) == 0);
    if (problem_.empty()) {
        named().files.erase(this);
    }
}

tl::expected<void, std::string> ReplacementFile::commit() {
    if (problem_.empty()) {
        take_over_mode();
    }
    if (problem_.empty()) {
        check(::fsync(file_.get()) == 0);
    }
    if (problem_.empty()) {
        // Something else may have appeared at the path meanwhile.
        problem_ = fault_in_target(target_, Links::refused);
    }
    if (problem_.empty()) {
        take_place();
    }
    if (!problem_.empty()) {
        return tl::unexpected(fmt::format("{}: {}", path_, problem_));
    }
    // Makes the new name survive a power cut. If the file system can't guarantee that, a power cut leaves the
    // old file, which is intact too.
    const Descriptor parent(::open(directory_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.is_open()) {
        ::fsync(parent.get());
    }
    return {};
}

tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content,
                                             ReplacementOptions options) {
    ReplacementFile file(path, options);
    file.append(content);
    return file.commit();
}

}  // namespace exporter::base
