#include "base/file_text.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

namespace exporter::base {
namespace {

constexpr std::size_t longest_text = 1'048'576;

}  // namespace

bool FileText::is_open_to_everybody() const {
    return (mode & (S_IROTH | S_IWOTH)) != 0;
}

tl::expected<FileText, FileError> read_regular_file(const std::filesystem::path& path, std::size_t longest) {
    const auto file = RegularFile::open(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    return file->read(longest).map([&](std::string text) {
        return FileText{Secret(std::move(text)), file->ownership().mode,
                        others_who_may_write(file->ownership())};
    });
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
            return tl::unexpected(describe(file.error()));
        }
        return *std::move(file);
    };
}

}  // namespace exporter::base
