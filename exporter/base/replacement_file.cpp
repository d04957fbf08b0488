#include "base/replacement_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is not in <csignal>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

namespace exporter::base {
namespace {

/// Where a path leads.
struct Target {
    std::string path;
    std::optional<Ownership> file;  ///< nullopt: nothing is there yet
};

std::string text_of(int error) {
    return std::generic_category().message(error);
}

std::string directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path().string() : ".";
}

/// Whether a link stands for an open file, as /proc/self/fd/1 and so /dev/stdout do.
bool is_open_file(const std::filesystem::path& link) {
    struct statfs system{};
    return ::statfs(directory_of(link).c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/// Why a link can't be followed; empty: it can.
std::string fault_in_link(const std::filesystem::path& path, const struct stat& link, Links links,
                          unsigned links_before) {
    constexpr unsigned most_links = 40;  // as the kernel has it
    if (links == Links::refused) {
        return "is a symbolic link, and is left alone";
    }
    // In a directory for everybody, such as /tmp, anybody can plant a link to a file that only this user may
    // write; the kernel's own rule for that (fs.protected_symlinks) does not see the links that we resolve.
    if (link.st_uid != ::geteuid() && link.st_uid != 0) {
        return fmt::format("is a symbolic link of user {}, who is neither this one nor root", link.st_uid);
    }
    // Somebody appends to that file, perhaps, and what is written later must not go to one without a name.
    if (is_open_file(path)) {
        return "leads to an open file of a process, and is left alone";
    }
    return links_before == most_links ? text_of(ELOOP) : "";
}

/// The error follows the path that was asked for.
tl::expected<Target, std::string> resolve(std::filesystem::path path, Links links) {
    for (unsigned followed = 0;; ++followed) {
        struct stat status{};
        if (::lstat(path.c_str(), &status) != 0) {
            return errno == ENOENT ? tl::expected<Target, std::string>(Target{path.string(), std::nullopt})
                                   : tl::unexpected("can't be written: " + text_of(errno));
        }
        if (S_ISREG(status.st_mode)) {
            return Target{path.string(), Ownership{status.st_uid, status.st_gid, status.st_mode & 0777U}};
        }
        if (!S_ISLNK(status.st_mode)) {
            return tl::unexpected(fmt::format("is {}, and is left alone: only a regular file can be replaced",
                                              kind_of_file(status.st_mode)));
        }
        if (std::string fault = fault_in_link(path, status, links, followed); !fault.empty()) {
            return tl::unexpected(std::move(fault));
        }
        std::error_code error;
        const std::filesystem::path next = std::filesystem::read_symlink(path, error);
        if (error) {
            return tl::unexpected("can't be written: " + error.message());
        }
        path = path.parent_path() / next;  // An absolute path takes the place of what is before it.
    }
}

std::string name_in_proc(int descriptor) {
    return fmt::format("/proc/self/fd/{}", descriptor);
}

/// A file without a name that can get one later; none where that can't be had.
Descriptor open_unnamed(const std::string& directory) {
    Descriptor file(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    // Without /proc it would never get a name.
    return file.is_open() && ::access(name_in_proc(file.get()).c_str(), F_OK) == 0 ? std::move(file)
                                                                                   : Descriptor();
}

bool is_still(const std::string& path, int descriptor) {
    struct stat named{};
    struct stat opened{};
    return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

constexpr std::array<int, 4> ending_signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// From their arrival. SECURITY.md promises three; the rest is for a busy machine.
constexpr unsigned longest_end_seconds = 2;

/// How many DeferredEnds there are, or `ending`: the process ends, and nobody may begin another.
std::atomic<int> deferrals = 0;
constexpr int ending = -1;

std::atomic<int> arrived = 0;  ///< the last of the signals; 0: none
static_assert(std::atomic<int>::is_always_lock_free, "used by a signal handler");

}  // namespace

/// The name of a file that is not complete. Removes it at its end, or when a signal ends the process, unless
/// another file has got the name meanwhile.
class TemporaryName {
  public:
    TemporaryName(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
        const DeferredEnd deferred;
        const std::lock_guard lock(mutex_);
        next_ = std::exchange(first_, this);
    }
    TemporaryName(const TemporaryName&) = delete;
    TemporaryName& operator=(const TemporaryName&) = delete;
    ~TemporaryName() {
        remove();
        const DeferredEnd deferred;
        const std::lock_guard lock(mutex_);
        TemporaryName** place = &first_;
        while (*place != this) {
            place = &(*place)->next_;
        }
        *place = next_;
    }

    [[nodiscard]] bool is_valid() const { return is_still(path_, descriptor_); }

    /// Of all files. For a signal handler, while there is no DeferredEnd.
    static void remove_all() {
        for (const TemporaryName* name = first_; name != nullptr; name = name->next_) {
            name->remove();
        }
    }

  private:
    void remove() const {
        if (is_valid()) {
            ::unlink(path_.c_str());
        }
    }

    const std::string path_;
    const int descriptor_;
    TemporaryName* next_ = nullptr;

    // Whoever changes the list has a DeferredEnd, so that the handler finds it whole, and the mutex.
    static inline TemporaryName* first_ = nullptr;
    static inline std::mutex mutex_;
};

namespace {

extern "C" void end_or_defer(int signal) {
    const int error = errno;
    // Left as it is by default, SIGALRM also ends a process whose threads all hang.
    if (arrived.exchange(signal) == 0) {
        ::alarm(longest_end_seconds);
    }
    int none = 0;
    if (deferrals.compare_exchange_strong(none, ending)) {
        TemporaryName::remove_all();
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
    errno = error;
}

/// The handler stays: where there is no file to remove, it does what the kernel would.
void handle_ending_signals() {
    for (const int signal : ending_signals) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) {
            continue;
        }
        action = {};
        action.sa_handler = end_or_defer;
        action.sa_flags = SA_RESTART | SA_NODEFER;  // NODEFER: it raises the signal itself.
        ::sigaction(signal, &action, nullptr);
    }
}

}  // namespace

DeferredEnd::DeferredEnd() {
    int others = deferrals;
    while (others == ending || !deferrals.compare_exchange_weak(others, others + 1)) {
        if (others == ending) {
            ::pause();
            others = deferrals;
        }
    }
    handle_ending_signals();
}

DeferredEnd::~DeferredEnd() {
    if (--deferrals > 0) {
        return;
    }
    if (const int signal = arrived; signal != 0) {
        ::kill(::getpid(), signal);  // To the process and not to this thread, which may block it.
    }
}

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

ReplacementFile::~ReplacementFile() = default;

void ReplacementFile::create() {
    if (options_.unnamed) {
        file_ = open_unnamed(directory_of(target_));
    }
    if (file_.is_open()) {
        return;
    }
    const DeferredEnd deferred;  // Until it is known what is to be removed.
    ::unlink(temporary_.c_str());
    file_ =
        Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    check(file_.is_open());
    if (file_.is_open()) {
        name_ = std::make_unique<TemporaryName>(temporary_, file_.get());
    }
}

void ReplacementFile::check(bool done) {
    if (!done && problem_.empty()) {
        problem_ = text_of(errno) + "; its directory must exist, be writable and have room";
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
        mode = replaced_->mode;
        // Only root may give files away; others hand on the group, if they are in it. What that group may do
        // is not for the group that the file has instead.
        if (::fchown(file_.get(), replaced_->owner, replaced_->group) != 0 &&
            ::fchown(file_.get(), static_cast<uid_t>(-1), replaced_->group) != 0) {
            mode &= ~static_cast<mode_t>(S_IRWXG);
        }
    }
    check(::fchmod(file_.get(), mode) == 0);
}

void ReplacementFile::give_name() {
    if (name_) {
        if (!name_->is_valid()) {
            problem_ = "another process writes it too";
        }
        return;
    }
    const std::string unnamed = name_in_proc(file_.get());
    const auto link = [&] {
        return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (!link()) {
        ::unlink(temporary_.c_str());  // left by a process that was killed in just this moment
        check(link());
    }
    if (problem_.empty()) {
        name_ = std::make_unique<TemporaryName>(temporary_, file_.get());
    }
}

void ReplacementFile::take_place() {
    const DeferredEnd deferred;  // Between the two steps the name would stay.
    give_name();
    if (problem_.empty()) {
        check(::rename(temporary_.c_str(), target_.c_str()) == 0);
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
        // Something else may have come there meanwhile.
        problem_ = fault_in_target(target_, Links::refused);
    }
    if (problem_.empty()) {
        take_place();
    }
    if (!problem_.empty()) {
        return tl::unexpected(fmt::format("{}: {}", path_, problem_));
    }
    name_.reset();
    // So that the new name outlives a power cut. Where the file system can't promise that, a power cut leaves
    // the file before, which is whole as well.
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
