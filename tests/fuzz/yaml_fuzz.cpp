// Any `--config.file` gives either a configuration, or one-line messages that quote no text of the file that
// could be a key.
#include "config/load.h"
#include "planted_key.h"
#include "require.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace {

/// A file in memory.
class MemoryFile {
  public:
    explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("config", MFD_CLOEXEC)) {
        require(descriptor_ >= 0);
        require(::write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(descriptor_); }

    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::config;
    const MemoryFile file(with_planted_keys({reinterpret_cast<const char*>(data), size}));
    const Outcome outcome = load({"--config.check", "--config.file", file.path()}, {}, "");
    require(!std::holds_alternative<Information>(outcome));
    if (const auto* mistakes = std::get_if<Mistakes>(&outcome)) {
        require(!mistakes->lines.empty());
        for (const std::string& line : mistakes->lines) {
            require(!line.empty() && line.find_first_of("\r\n") == std::string::npos);
            require(line.find(planted_key) == std::string::npos);
        }
    }
    return 0;
}
