#include "support/listing_json.h"

#include "base/dates.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>

namespace exporter::support {
namespace {

using base::Timestamp;
using datadog::OwnerType;
using datadog::TokenType;
using demo::SimulatedToken;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(Writer& writer, std::string_view text) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_member(Writer& writer, std::string_view key, std::string_view text) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    write_text(writer, text);
}

/// Independent yes-or-no choices, constant for each token.
bool coin(const SimulatedToken& token, unsigned which) {
    return ((fingerprint(token.id) >> (16 + which)) & 1U) != 0;
}

int needed_digits(std::chrono::microseconds fraction) {
    return fraction.count() == 0 ? 0 : fraction.count() % 1000 == 0 ? 3 : 6;
}

std::string date_text(const SimulatedToken& token, Timestamp moment) {
    const auto second = std::chrono::floor<std::chrono::seconds>(moment);
    const std::chrono::microseconds fraction = moment - second;
    std::string text = base::format_rfc3339(second);
    text.pop_back();  // remove the Z
    switch (std::max(fraction_digits(token.id), needed_digits(fraction))) {
        case 3:
            text += fmt::format(".{:03}", fraction.count() / 1000);
            break;
        case 6:
            text += fmt::format(".{:06}", fraction.count());
            break;
        default:
            break;
    }
    return text + (coin(token, 0) ? "Z" : "+00:00");
}

void write_date(Writer& writer, std::string_view key, const SimulatedToken& token,
                std::optional<Timestamp> moment, bool null_if_none) {
    if (moment) {
        write_member(writer, key, date_text(token, *moment));
    } else if (null_if_none) {
        writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
        writer.Null();
    }
}

void write_attributes(Writer& writer, const SimulatedToken& token) {
    writer.StartObject();
    write_date(writer, "created_at", token, token.created_at, false);
    write_date(writer, "expires_at", token, token.expires_at, coin(token, 1));
    write_date(writer, "last_used_at", token, token.last_used_at, true);
    write_date(writer, "modified_at", token, token.modified_at, false);
    write_member(writer, "name", token.name);
    write_member(writer, "public_portion", token.public_portion);
    writer.Key("scopes");
    writer.StartArray();
    for (const auto& scope : token.scopes) {
        write_text(writer, scope);
    }
    writer.EndArray();
    writer.EndObject();
}

std::string_view wire_name(TokenType type) {
    switch (type) {
        case TokenType::personal:
            return "personal_access_tokens";
        case TokenType::service:
            return "service_access_tokens";
        case TokenType::other:
            break;
    }
    return "other_access_tokens";
}

/// As in the API, plural for users but singular for service accounts.
std::string_view wire_name(OwnerType type) {
    switch (type) {
        case OwnerType::user:
            return "users";
        case OwnerType::service_account:
            return "service_account";
        case OwnerType::other:
        case OwnerType::unknown:
            break;
    }
    return "team";
}

std::string leak_id(const SimulatedToken& token) {
    return "leak-" + token.id;
}

/// `{"data": {"id": …, "type": …}}`
void write_relationship(Writer& writer, std::string_view id, std::string_view type) {
    writer.StartObject();
    writer.Key("data");
    writer.StartObject();
    write_member(writer, "id", id);
    write_member(writer, "type", type);
    writer.EndObject();
    writer.EndObject();
}

void write_leak(Writer& writer, const SimulatedToken& token) {
    writer.Key("leak_information");
    if (token.leaked) {
        write_relationship(writer, leak_id(token), "leaked_keys");
        return;
    }
    writer.StartObject();
    writer.Key("data");
    writer.Null();
    writer.EndObject();
}

void write_token(Writer& writer, const SimulatedToken& token, bool report_leaks) {
    writer.StartObject();
    write_member(writer, "id", token.id);
    write_member(writer, "type", wire_name(token.type));
    writer.Key("attributes");
    write_attributes(writer, token);
    writer.Key("relationships");
    writer.StartObject();
    if (token.owner_type != OwnerType::unknown) {
        writer.Key("owned_by");
        write_relationship(writer, token.owner_id, wire_name(token.owner_type));
    }
    if (report_leaks) {
        write_leak(writer, token);
    }
    writer.EndObject();
    writer.EndObject();
}

void write_leaked_key(Writer& writer, const SimulatedToken& token) {
    writer.StartObject();
    write_member(writer, "id", leak_id(token));
    write_member(writer, "type", "leaked_keys");
    writer.Key("attributes");
    writer.StartObject();
    write_member(writer, "date", date_text(token, token.last_used_at.value_or(token.created_at)));
    write_member(writer, "leak_source", "github");
    writer.EndObject();
    writer.EndObject();
}

void write_truth(Writer& writer, std::string_view key, bool value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.Bool(value);
}

void write_user_attributes(Writer& writer, const datadog::User& user) {
    writer.StartObject();
    if (user.name.empty()) {
        writer.Key("name");
        writer.Null();
    } else {
        write_member(writer, "name", user.name);
    }
    write_member(writer, "handle", user.handle);
    write_member(writer, "created_at", "2024-01-01T00:00:00+00:00");
    write_member(writer, "modified_at", "2025-01-01T00:00:00+00:00");
    write_member(writer, "email", user.email);
    write_member(writer, "icon", "https://secure.gravatar.com/avatar/0?s=48&d=retro");
    writer.Key("title");
    writer.Null();
    write_truth(writer, "verified", !user.email.empty());
    write_truth(writer, "service_account", user.service_account);
    write_truth(writer, "disabled", user.disabled);
    write_member(writer, "status", user.disabled ? "Disabled" : "Active");
    writer.EndObject();
}

void write_meta(Writer& writer, const std::optional<std::string>& total_json) {
    writer.StartObject();
    writer.Key("page");
    writer.StartObject();
    if (total_json) {
        writer.Key("total_filtered_count");
        writer.RawValue(total_json->data(), total_json->size(), rapidjson::kNumberType);
    }
    writer.EndObject();
    writer.EndObject();
}

}  // namespace

std::string listing_json(const Slice& slice, const ListingStyle& style) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("data");
    writer.StartArray();
    for (const auto* token : slice.tokens) {
        write_token(writer, *token, style.report_leaks);
    }
    writer.EndArray();
    writer.Key("included");
    writer.StartArray();
    for (const auto* token : slice.tokens) {
        if (style.report_leaks && token->leaked) {
            write_leaked_key(writer, *token);
        }
    }
    writer.EndArray();
    writer.Key("meta");
    write_meta(writer, style.total_json);
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string user_json(std::string_view id, const datadog::User& user) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("data");
    writer.StartObject();
    write_member(writer, "type", "users");
    write_member(writer, "id", id);
    writer.Key("attributes");
    write_user_attributes(writer, user);
    writer.EndObject();
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string errors_json(std::string_view message) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("errors");
    writer.StartArray();
    write_text(writer, message);
    writer.EndArray();
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace exporter::support
