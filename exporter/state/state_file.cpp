#include "state/state_file.h"

#include "base/regular_file.h"
#include "state/codec.h"

#include <fmt/format.h>

#include <utility>

namespace exporter::state {

namespace {

using base::FileError;

std::string reason(const FileError& error) {
    switch (error.kind) {
        case FileError::Kind::link:
            return "it is a symbolic link";
        case FileError::Kind::directory:
        case FileError::Kind::irregular:
            return "it is no regular file";
        case FileError::Kind::too_long:
            return fmt::format("it is longer than {} MiB", max_file_size / 1024 / 1024);
        case FileError::Kind::missing:
        case FileError::Kind::unreadable:
            break;
    }
    return fmt::format("it can't be read: {}", error.system_message);
}

/// Whether a file begins as state files do.
tl::expected<bool, FileError> is_state(const base::RegularFile& file) {
    constexpr std::size_t enough_to_know_it = 64;
    return file.beginning(enough_to_know_it).map([](const std::string& bytes) {
        return looks_like_state(bytes);
    });
}

/// Why what is at the path now must stay there; empty: it is a state file, or nothing is there.
std::string fault_in_replacing(const std::string& path) {
    const auto is_one = base::RegularFile::open(path, base::Links::refused).and_then(is_state);
    if (!is_one) {
        return is_one.error().kind == FileError::Kind::missing ? "" : reason(is_one.error());
    }
    return *is_one ? "" : "it is no state file of this program, and is left alone";
}

}  // namespace

tl::expected<std::optional<std::string>, Refusal> read_state_file(const std::string& path) {
    const auto file = base::RegularFile::open(path, base::Links::refused);
    if (!file) {
        if (file.error().kind == FileError::Kind::missing) {
            return std::nullopt;
        }
        return tl::unexpected(Refusal{reason(file.error()), false});
    }
    const auto replaceable = is_state(*file);
    if (!replaceable) {
        return tl::unexpected(Refusal{reason(replaceable.error()), false});
    }
    if (std::string why = base::others_who_may_write(file->ownership()); !why.empty()) {
        return tl::unexpected(Refusal{std::move(why), *replaceable});
    }
    auto bytes = file->read(max_file_size);
    if (!bytes) {
        return tl::unexpected(Refusal{reason(bytes.error()), *replaceable});
    }
    return *std::move(bytes);
}

StateFileWriter::StateFileWriter(std::string path)
    : path_(std::move(path)), file_(path_, {.links = base::Links::refused, .mode = 0600}) {}

void StateFileWriter::append(std::string_view bytes) {
    file_.append(bytes);
}

void StateFileWriter::overwrite_start(std::string_view bytes) {
    file_.overwrite_start(bytes);
}

tl::expected<void, std::string> StateFileWriter::commit() {
    if (file_.size() > max_file_size) {
        return tl::unexpected(
            fmt::format("{}: it would be longer than {} MiB", path_, max_file_size / 1024 / 1024));
    }
    if (const std::string fault = fault_in_replacing(path_); !fault.empty()) {
        return tl::unexpected(fmt::format("{}: {}", path_, fault));
    }
    return file_.commit();
}

}  // namespace exporter::state
