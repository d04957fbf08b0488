#include "datadog/user.h"

#include "base/text.h"
#include "datadog/json.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

namespace exporter::datadog {

namespace {

struct TextMember {
    std::string_view name;
    std::string User::* member;
};

constexpr auto text_members =
    std::to_array<TextMember>({{"name", &User::name}, {"email", &User::email}, {"handle", &User::handle}});

/// Reads the objects `data` and, inside it, `attributes`; its public functions are named after RapidJSON's
/// events. If a member appears twice, the last one counts.
class UserHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, UserHandler> {
  public:
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (inside_ == depth_) {
            key_ = {text, length};
        }
        return true;
    }
    bool String(const char* text, rapidjson::SizeType length, bool) { return take({text, length}, false); }
    bool Bool(bool value) { return take({}, value); }
    /// Null and numbers are treated as absent.
    bool Default() { return take({}, false); }
    bool RawNumber(const char*, rapidjson::SizeType, bool) { return Default(); }
    bool StartObject() {
        (void)Default();
        ++depth_;
        // The document's top-level object has no name; `data` and `attributes` are the next two levels.
        constexpr auto names = std::to_array<std::string_view>({"", "data", "attributes"});
        if (inside_ == depth_ - 1 && inside_ < names.size() && key_ == names.at(inside_)) {
            ++inside_;
            key_ = {};
        }
        has_data = has_data || inside_ == data_level;
        return depth_ <= most_levels;
    }
    bool StartArray() {
        (void)Default();
        return ++depth_ <= most_levels;
    }
    bool EndObject(rapidjson::SizeType) { return end(); }
    bool EndArray(rapidjson::SizeType) { return end(); }

    [[nodiscard]] std::optional<Error> refusal() const {
        return depth_ > most_levels ? std::optional(too_deep()) : std::nullopt;
    }
    [[nodiscard]] User user() && {
        user_.disabled = user_.disabled || has_status_disabled_;
        return std::move(user_);
    }

    bool has_data = false;

  private:
    static constexpr std::size_t data_level = 2;
    static constexpr std::size_t attributes_level = 3;

    /// @param text empty: the value is not a string
    bool take(std::string_view text, bool truth) {
        if (inside_ != attributes_level || depth_ != attributes_level) {
            return true;
        }
        for (const TextMember& row : text_members) {
            if (key_ == row.name) {
                user_.*row.member = text;
            }
        }
        if (key_ == "disabled") {
            user_.disabled = truth;
        } else if (key_ == "service_account") {
            user_.service_account = truth;
        } else if (key_ == "status") {
            has_status_disabled_ = base::same_word(text, "disabled");
        }
        return true;
    }

    bool end() {
        inside_ -= inside_ == depth_ ? 1 : 0;
        --depth_;
        return true;
    }

    User user_;
    bool has_status_disabled_ = false;
    std::size_t depth_ = 0;
    std::size_t inside_ = 0;  ///< depth in the objects of interest
    std::string_view key_;    ///< key of the next value in such an object
};

}  // namespace

std::string display_name(const User& user) {
    const std::string_view name = base::trim(user.name);
    const std::string_view email = base::trim(user.email);
    if (user.service_account && !name.empty()) {
        return std::string(name);
    }
    if (!email.empty() && !name.empty() && name != email) {
        return fmt::format("{} ({})", email, name);
    }
    return std::string(!email.empty() ? email : !name.empty() ? name : base::trim(user.handle));
}

Result<User> parse_user(std::span<char> body) {
    UserHandler handler;
    if (auto error = read_json(body, handler)) {
        return tl::unexpected(*std::move(error));
    }
    if (!handler.has_data) {
        return tl::unexpected(Error{ErrorKind::bad_page, "the answer has no `data` object"});
    }
    return std::move(handler).user();
}

}  // namespace exporter::datadog
