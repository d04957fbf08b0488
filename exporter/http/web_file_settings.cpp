#include "http/web_file_settings.h"

#include "base/secret.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace exporter::http {
namespace {

/// A path is shown if it is like one: somebody may have put the key or a password's hash in its place.
std::string shown_path(const std::string& path) {
    const bool is_plain = std::all_of(path.begin(), path.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || c == '.' || c == '/' || c == ':' || c == '@' || c == '+';
    });
    return is_plain && path.size() <= 255 && path.find("-----") == std::string::npos &&
                   !base::may_hold_a_key(path)
               ? path
               : "the file (its path is not shown: it may be something else)";
}

bool is_blank(const base::Setting& setting) {
    return setting.values.size() == 1 && base::trim(setting.values.front()).empty();
}

}  // namespace

WebFileSettings::WebFileSettings(Origin origin, base::Settings settings, const base::FileReader& reader)
    : origin_(std::move(origin)), settings_(std::move(settings)), reader_(reader) {}

const base::Setting* WebFileSettings::given(std::string_view key) const {
    const auto found = settings_.find(key);
    return found == settings_.end() || is_blank(found->second) ? nullptr : &found->second;
}

std::string WebFileSettings::text(std::string_view key) const {
    const base::Setting* const setting = given(key);
    return setting == nullptr || setting->values.empty() ? "" : setting->values.front();
}

bool WebFileSettings::toggle(std::string_view key, bool fallback) {
    const std::string value = base::lower(text(key));
    if (value.empty()) {
        return fallback;
    }
    if (value != "true" && value != "false") {
        mistake(key, "is neither true nor false");
        return fallback;
    }
    return value == "true";
}

std::optional<std::vector<std::string>> WebFileSettings::list(std::string_view key) {
    const base::Setting* const setting = given(key);
    if (setting == nullptr) {
        return std::nullopt;
    }
    if (std::any_of(setting->values.begin(), setting->values.end(),
                    [](const std::string& item) { return base::trim(item).empty(); })) {
        mistake(key, "has an empty item");
    }
    return setting->values;
}

std::optional<base::Secret> WebFileSettings::pem(std::string_view inline_key, std::string_view file_key,
                                                 const PemFault& fault_in, bool is_secret) {
    if (given(inline_key) == nullptr) {
        return given(file_key) == nullptr ? std::nullopt : pem_of_file(file_key, fault_in, is_secret);
    }
    if (given(file_key) != nullptr) {
        mistake(file_key, fmt::format("{} is given as well; keep one of them", inline_key));
        return std::nullopt;
    }
    const base::FileText own{base::Secret(), origin_.mode};
    if (is_secret && origin_.world_readable == base::WorldReadable::refused && own.is_open_to_everybody()) {
        mistake(inline_key,
                fmt::format("the key is in this file, and {}", base::open_to_everybody(origin_.mode)));
        return std::nullopt;
    }
    base::Secret pem(text(inline_key));
    if (const std::string_view fault = fault_in(pem.expose()); !fault.empty()) {
        mistake(inline_key, fault);
        return std::nullopt;
    }
    return pem;
}

std::optional<base::Secret> WebFileSettings::pem_of_file(std::string_view key, const PemFault& fault_in,
                                                         bool is_secret) {
    const std::string path =
        (std::filesystem::path(origin_.path).parent_path() / text(key)).lexically_normal().string();
    auto file = reader_(path);
    read_files_.push_back({path, file ? std::optional(file->text) : std::nullopt});
    if (!file) {
        mistake(key, fmt::format("{} {}", shown_path(path), file.error()));
        return std::nullopt;
    }
    if (is_secret && origin_.world_readable == base::WorldReadable::refused && file->is_open_to_everybody()) {
        mistake(key, fmt::format("{}: {}", shown_path(path), base::open_to_everybody(file->mode)));
        return std::nullopt;
    }
    if (const std::string_view fault = fault_in(file->text.expose()); !fault.empty()) {
        mistake(key, fmt::format("{} {}", shown_path(path), fault));
        return std::nullopt;
    }
    if (!file->others_may_write.empty()) {
        warn(key, fmt::format("{}: {}", shown_path(path), file->others_may_write));
    }
    return std::move(file->text);
}

std::string WebFileSettings::place(std::string_view key) const {
    const auto found = settings_.find(key);
    return found == settings_.end() ? fmt::format("{}: {}", origin_.path, key) : found->second.place;
}

void WebFileSettings::mistake(std::string_view key, std::string_view what) {
    mistakes_.push_back(fmt::format("{}: {}", place(key), what));
}

void WebFileSettings::warn(std::string_view key, std::string_view what) {
    warnings_.push_back(fmt::format("{}: {}", place(key), what));
}

}  // namespace exporter::http
