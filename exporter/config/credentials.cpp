#include "config/credentials.h"

#include "config/key_shape.h"
#include "config/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t longest_secret = 4096;

tl::unexpected<std::string> failure(const std::string& origin, std::string_view why) {
    return tl::unexpected(fmt::format("{}: {}", origin, why));
}

std::string system_message(int error) {
    return std::generic_category().message(error);
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

/// Room for the longest secret, its line end, and one byte that shows there is more.
class WipedBuffer {
  public:
    WipedBuffer() = default;
    WipedBuffer(const WipedBuffer&) = delete;
    WipedBuffer& operator=(const WipedBuffer&) = delete;
    ~WipedBuffer() { explicit_bzero(bytes_.data(), bytes_.size()); }

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
    std::array<char, longest_secret + 3> bytes_{};
    std::size_t size_ = 0;
};

/// A path is shown, unless somebody wrote the key itself where its file belongs.
std::string shown(const std::filesystem::path& path) {
    if (may_hold_a_key(path.filename().native())) {
        return "(not shown: it looks like a key, not like the path of its file)";
    }
    const std::string& text = path.native();
    const bool plain =
        std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    return plain ? text : quote(text);
}

bool is_visible_ascii(char character) {
    return character > 0x20 && character < 0x7f;
}

tl::expected<Secret, std::string> read_source(const SecretSource& source, WorldReadable world_readable) {
    if (const auto* path = std::get_if<std::filesystem::path>(&source)) {
        return read_secret_file(*path, world_readable);
    }
    return std::get<Secret>(source);
}

/// Nothing when there is no source; the error otherwise unread.
tl::expected<void, std::string> read_into(const std::optional<SecretSource>& source,
                                          WorldReadable world_readable, std::optional<Secret>& target) {
    if (!source) {
        return {};
    }
    auto secret = read_source(*source, world_readable);
    if (!secret) {
        return tl::unexpected(std::move(secret.error()));
    }
    target = *std::move(secret);
    return {};
}

}  // namespace

tl::expected<Secret, std::string> parse_secret(std::string text, const std::string& origin) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    Secret secret(std::move(text));
    const std::string_view exposed = secret.expose();
    if (exposed.empty()) {
        return failure(origin, "is empty; it should hold the secret and nothing else");
    }
    if (exposed.size() > longest_secret) {
        return failure(origin, "is longer than 4096 bytes; it should hold the secret and nothing else");
    }
    if (exposed.find_first_of("\r\n") != std::string_view::npos) {
        return failure(origin, "holds more than one line; it should hold the secret and nothing else");
    }
    if (!std::all_of(exposed.begin(), exposed.end(), is_visible_ascii)) {
        return failure(
            origin,
            "holds a space, a control character or a byte beyond ASCII, which no key has; it should hold "
            "the secret and nothing else");
    }
    return secret;
}

tl::expected<Secret, std::string> read_secret_file(const std::filesystem::path& path,
                                                   WorldReadable world_readable) {
    // Not blocking, for a named pipe would wait for its writer.
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) {
        return failure(shown(path), fmt::format("can't be read: {}", system_message(errno)));
    }
    struct stat status{};
    if (fstat(file.get(), &status) != 0) {
        return failure(shown(path), fmt::format("can't be read: {}", system_message(errno)));
    }
    if (S_ISDIR(status.st_mode)) {
        return failure(shown(path), "is a directory; name the file that holds the secret");
    }
    if (!S_ISREG(status.st_mode)) {
        return failure(shown(path), "is not a regular file, and could not be read again at each poll");
    }
    if (world_readable == WorldReadable::refused && (status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return failure(
            shown(path),
            fmt::format(
                "every user of this machine can read or write it (mode {:04o}); take that "
                "away with chmod o-rw (in Kubernetes: defaultMode 0440 and fsGroup), or allow it with "
                "--datadog.allow-world-readable-secrets",
                status.st_mode & 07777U));
    }
    WipedBuffer buffer;
    if (const int error = buffer.fill_from(file.get()); error != 0) {
        return failure(shown(path), fmt::format("can't be read: {}", system_message(error)));
    }
    if (buffer.full()) {
        return failure(shown(path), "is longer than 4096 bytes; it should hold the secret and nothing else");
    }
    return parse_secret(std::string(buffer.text()), shown(path));
}

tl::expected<Credentials, std::string> read_credentials(const CredentialSources& sources) {
    Credentials credentials;
    auto outcome = read_into(sources.api_key, sources.world_readable, credentials.api_key);
    if (outcome) {
        outcome = read_into(sources.app_key, sources.world_readable, credentials.app_key);
    }
    if (outcome) {
        outcome = read_into(sources.bearer_token, sources.world_readable, credentials.bearer_token);
    }
    if (!outcome) {
        return tl::unexpected(std::move(outcome.error()));
    }
    return credentials;
}

}  // namespace exporter::config
