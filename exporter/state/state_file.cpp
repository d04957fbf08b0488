#include "state/state_file.h"

#include "base/regular_file.h"
#include "base/replacement_file.h"

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

namespace exporter::state {

namespace {

bool is_nothing_at(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::symlink_status(path, ignored).type() == std::filesystem::file_type::not_found;
}

/// Why what is at the path now must stay there; empty: it is a state file, or nothing is there.
std::string fault_in_replacing(const std::string& path) {
    if (is_nothing_at(path)) {
        return {};
    }
    constexpr std::size_t enough_to_know_it = 64;
    const auto file =
        base::read_regular_file(path, enough_to_know_it, base::Links::refused, base::Longer::cut);
    if (!file) {
        return "it " + file.error();
    }
    return looks_like_state(file->text.expose()) ? ""
                                                 : "it is no state file of this program, and is left alone";
}

}  // namespace

tl::expected<Stored, Refusal> read_state_file(const std::string& path) {
    if (is_nothing_at(path)) {
        return Stored{};
    }
    const auto refused = [&path](std::string why) {
        return tl::unexpected(Refusal{std::move(why), fault_in_replacing(path).empty()});
    };
    const auto file = base::read_regular_file(path, max_file_size, base::Links::refused);
    if (!file) {
        return refused("it " + file.error());
    }
    if (!file->others_may_write.empty()) {
        return refused(file->others_may_write);
    }
    auto stored = decode(file->text.expose());
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
