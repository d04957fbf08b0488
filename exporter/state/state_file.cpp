#include "state/state_file.h"

#include "base/regular_file.h"
#include "base/replacement_file.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace exporter::state {

namespace {

using base::FileError;
using base::RegularFile;

std::string reason(const FileError& error) {
    return "it " + base::describe(error);
}

/// Why what is at the path now must stay there; empty: it is a state file, or nothing is there.
std::string fault_in_replacing(const std::string& path) {
    constexpr std::size_t enough_to_know_it = 64;
    const auto beginning =
        RegularFile::open(path, base::Links::refused).and_then([](const RegularFile& file) {
            return file.beginning(enough_to_know_it);
        });
    if (!beginning) {
        return beginning.error().kind == FileError::Kind::missing ? "" : reason(beginning.error());
    }
    return looks_like_state(*beginning) ? "" : "it is no state file of this program, and is left alone";
}

}  // namespace

tl::expected<Stored, Refusal> read_state_file(const std::string& path) {
    const auto refused = [&path](std::string why) {
        return tl::unexpected(Refusal{std::move(why), fault_in_replacing(path).empty()});
    };
    const auto file = RegularFile::open(path, base::Links::refused);
    if (!file) {
        if (file.error().kind == FileError::Kind::missing) {
            return Stored{};
        }
        return refused(reason(file.error()));
    }
    if (std::string why = base::others_who_may_write(file->ownership()); !why.empty()) {
        return refused(std::move(why));
    }
    const auto bytes = file->read(max_file_size);
    if (!bytes) {
        return refused(reason(bytes.error()));
    }
    auto stored = decode(*bytes);
    if (!stored) {
        return refused(std::move(stored).error());
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
