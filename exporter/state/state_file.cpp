#include "state/state_file.h"

#include "base/regular_file.h"
#include "base/replacement_file.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace exporter::state {

namespace {

using base::FileError;

std::string reason(const FileError& error) {
    return "it " + base::describe(error);
}

tl::unexpected<Refusal> refused(const FileError& error, bool replaceable) {
    return tl::unexpected(Refusal{reason(error), replaceable});
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

tl::expected<std::optional<Stored>, Refusal> read_state_file(const std::string& path) {
    const auto file = base::RegularFile::open(path, base::Links::refused);
    if (!file) {
        if (file.error().kind == FileError::Kind::missing) {
            return std::nullopt;
        }
        return refused(file.error(), false);
    }
    const auto replaceable = is_state(*file);
    if (!replaceable) {
        return refused(replaceable.error(), false);
    }
    if (std::string why = base::others_who_may_write(file->ownership()); !why.empty()) {
        return tl::unexpected(Refusal{std::move(why), *replaceable});
    }
    const auto bytes = file->read(max_file_size);
    if (!bytes) {
        return refused(bytes.error(), *replaceable);
    }
    auto stored = decode(*bytes);
    if (!stored) {
        return tl::unexpected(Refusal{std::move(stored).error(), looks_like_state(*bytes)});
    }
    return *std::move(stored);
}

tl::expected<void, std::string> write_state_file(const std::string& path, const States& states,
                                                 const base::HashKey& key) {
    base::ReplacementFile file(path, {.links = base::Links::refused, .mode = 0600});
    write(states, key, [&file](std::string_view bytes) { file.append(bytes); });
    if (file.size() > max_file_size) {
        return tl::unexpected(
            fmt::format("{}: it would be longer than {} MiB", path, max_file_size / 1024 / 1024));
    }
    if (const std::string fault = fault_in_replacing(path); !fault.empty()) {
        return tl::unexpected(fmt::format("{}: {}", path, fault));
    }
    return file.commit();
}

}  // namespace exporter::state
