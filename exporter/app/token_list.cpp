#include "app/token_list.h"

#include "base/text.h"
#include "base/words.h"
#include "inventory/findings.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

using base::Timestamp;
using inventory::TokenDetail;

using Texts = std::vector<std::string>;

/// A token about to be printed.
struct Listed {
    const ListedToken& listed;
    const TokenDetail& token;
    Timestamp now;
};

// JSON and CSV have the same fields, with the same names.

/// A string, a list, or nothing, which is `null` in JSON.
struct Value {
    std::optional<std::string> text;
    std::optional<Texts> list;
};

Value text(std::string_view value) {
    return {std::string(value), std::nullopt};
}

Value list(Texts values) {
    return {std::nullopt, std::move(values)};
}

Value date(const std::optional<Timestamp>& moment) {
    return {moment ? std::optional(base::datetime_text(*moment)) : std::nullopt, std::nullopt};
}

struct Field {
    std::string_view name;
    Value (*value)(const Listed& row);
};

constexpr auto fields = std::to_array<Field>({
    {"findings", [](const Listed& row) { return list(reasons_of(row.listed)); }},
    {"organization", [](const Listed& row) { return text(row.listed.organization); }},
    {"owner",
     [](const Listed& row) {
         return Value{row.listed.owner.empty() ? std::nullopt : std::optional(row.listed.owner),
                      std::nullopt};
     }},
    {"owner_id", [](const Listed& row) { return text(row.token.owner_id); }},
    {"owner_type", [](const Listed& row) { return text(label(row.token.owner_type)); }},
    {"name", [](const Listed& row) { return text(row.token.name); }},
    {"id", [](const Listed& row) { return text(row.token.id); }},
    {"public_portion", [](const Listed& row) { return text(row.token.public_portion); }},
    {"type", [](const Listed& row) { return text(label(row.token.type)); }},
    {"created", [](const Listed& row) { return date(row.token.created_at); }},
    {"last_used", [](const Listed& row) { return date(row.token.last_used_at); }},
    {"expires", [](const Listed& row) { return date(row.token.expires_at); }},
    {"time_left", [](const Listed& row) { return text(time_left(row.listed, row.now)); }},
    {"scopes", [](const Listed& row) { return list(scopes_of(row.listed)); }},
});

void append_json(std::string& out, const Listed& row) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    const auto write = [&writer](std::string_view value) {
        writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    writer.StartObject();
    for (const Field& field : fields) {
        const Value value = field.value(row);
        write(field.name);
        if (value.list) {
            writer.StartArray();
            std::ranges::for_each(*value.list, write);
            writer.EndArray();
        } else if (value.text) {
            write(*value.text);
        } else {
            writer.Null();
        }
    }
    writer.EndObject();
    out.append(buffer.GetString(), buffer.GetSize()).append("\n");
}

/// Spreadsheets evaluate a cell as a formula if it begins with one of these, in half or full width; after an
/// apostrophe it is text.
bool is_like_a_formula(std::string_view cell) {
    constexpr std::array<std::string_view, 8> beginnings = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
    const std::string_view shown = base::trim(cell);
    return std::ranges::any_of(beginnings,
                               [shown](std::string_view beginning) { return shown.starts_with(beginning); });
}

std::string csv_cell(const std::string& value) {
    std::string harmless = is_like_a_formula(value) ? "'" + value : value;
    if (harmless.find_first_of(",\"\r\n") == std::string::npos) {
        return harmless;
    }
    std::string quoted = "\"";
    for (const char c : harmless) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    return quoted + '"';
}

void append_csv(std::string& out, const Texts& cells) {
    std::string separator;
    for (const std::string& cell : cells) {
        out += std::exchange(separator, ",") + csv_cell(cell);
    }
    out += "\r\n";
}

Texts csv_cells(const Listed& row) {
    Texts cells;
    for (const Field& field : fields) {
        const Value value = field.value(row);
        cells.push_back(value.list ? fmt::format("{}", fmt::join(*value.list, " "))
                                   : value.text.value_or(""));
    }
    return cells;
}

}  // namespace

Texts reasons_of(const ListedToken& listed) {
    Texts reasons;
    for (const inventory::FindingRow& finding : inventory::findings()) {
        if (listed.token->findings.test(static_cast<std::size_t>(finding.finding))) {
            reasons.emplace_back(finding.reason);
        }
    }
    return reasons;
}

Texts scopes_of(const ListedToken& listed) {
    Texts names;
    for (const std::uint32_t place : listed.token->scopes) {
        names.push_back(listed.scope_names->names[place]);
    }
    return names;
}

std::string time_left(const ListedToken& listed, Timestamp now) {
    const auto& expires = listed.token->expires_at;
    const bool never =
        listed.token->findings.test(static_cast<std::size_t>(inventory::Finding::never_expires));
    return expires ? base::distance_text(*expires, now) : (never ? "never" : "unknown");
}

std::string token_list(config::ListFormat format, std::span<const ListedToken> tokens,
                       const Terminal& terminal, base::Timestamp now) {
    if (format == config::ListFormat::table) {
        return token_table(tokens, terminal, now);
    }
    std::string out;
    if (format == config::ListFormat::csv) {
        Texts names;
        for (const Field& field : fields) {
            names.emplace_back(field.name);
        }
        append_csv(out, names);
    }
    for (const ListedToken& listed : tokens) {
        const Listed row{listed, *listed.token, now};
        if (format == config::ListFormat::json) {
            append_json(out, row);
        } else {
            append_csv(out, csv_cells(row));
        }
    }
    return out;
}

}  // namespace exporter::app
