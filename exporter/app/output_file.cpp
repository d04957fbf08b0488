#include "app/output_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace exporter::app {

namespace {

/// A new file that is gone again unless it was renamed.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::string pattern)
        : path_(std::move(pattern)), descriptor_(::mkstemp(path_.data())) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
            ::unlink(path_.c_str());
        }
    }

    [[nodiscard]] bool opened() const { return descriptor_ >= 0; }

    [[nodiscard]] bool write(std::string_view content) {
        while (!content.empty()) {
            const ssize_t written = ::write(descriptor_, content.data(), content.size());
            if (written < 0 && errno != EINTR) {
                return false;
            }
            content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
        }
        constexpr mode_t readable_by_all = 0644;
        return ::fchmod(descriptor_, readable_by_all) == 0 && ::fsync(descriptor_) == 0;
    }

    [[nodiscard]] bool rename_to(const std::string& path) {
        if (::rename(path_.c_str(), path.c_str()) != 0) {
            return false;
        }
        ::close(descriptor_);
        descriptor_ = -1;
        return true;
    }

  private:
    std::string path_;
    int descriptor_;
};

}  // namespace

tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content) {
    TemporaryFile file(path + ".XXXXXX");
    if (!file.opened() || !file.write(content) || !file.rename_to(path)) {
        const int reason = errno;
        return tl::unexpected(fmt::format("{}: {}; the directory must exist and be writable", path,
                                          std::system_category().message(reason)));
    }
    return {};
}

}  // namespace exporter::app
