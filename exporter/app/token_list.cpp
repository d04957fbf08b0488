#include "app/token_list.h"

#include "base/text.h"
#include "base/words.h"
#include "inventory/findings.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cwchar>
#include <optional>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

using base::Timestamp;
using inventory::TokenDetail;

using Texts = std::vector<std::string>;

/// A token as it is about to be printed.
struct Listed {
    const ListedToken& listed;
    const TokenDetail& token;
    Timestamp now;
};

std::string day_text(const std::optional<Timestamp>& moment, std::string_view otherwise) {
    return moment ? base::datetime_text(*moment).substr(0, std::string_view("2026-01-31").size())
                  : std::string(otherwise);
}

/// `in 3 days`, `never`; `unknown` where the date can't be read.
std::string time_left(const Listed& row) {
    const auto& expires = row.token.expires_at;
    const bool never = row.token.findings.test(static_cast<std::size_t>(inventory::Finding::never_expires));
    return expires ? base::distance_text(*expires, row.now) : (never ? "never" : "unknown");
}

Texts findings(const Listed& row) {
    Texts reasons;
    for (const inventory::FindingRow& finding : inventory::findings()) {
        if (row.token.findings.test(static_cast<std::size_t>(finding.finding))) {
            reasons.emplace_back(finding.reason);
        }
    }
    return reasons;
}

/// The privileged ones first.
Texts scopes(const Listed& row) {
    Texts names;
    for (const std::uint32_t place : row.token.scopes) {
        names.push_back(row.listed.scope_names->names[place]);
    }
    return names;
}

// JSON and CSV: the same fields under the same names.

/// A text; or a list; or nothing, which is `null` in JSON.
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
    {"findings", [](const Listed& row) { return list(findings(row)); }},
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
    {"time_left", [](const Listed& row) { return text(time_left(row)); }},
    {"scopes", [](const Listed& row) { return list(scopes(row)); }},
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

/// Spreadsheets run a cell that begins with one of these, of either width, as a formula; behind an
/// apostrophe it is a text.
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

// The table.

/// Widths of characters on a terminal, which the C library knows in a locale of UTF-8.
class Widths {
  public:
    Widths() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(::uselocale(utf8_)) {}
    Widths(const Widths&) = delete;
    Widths& operator=(const Widths&) = delete;
    ~Widths() {
        ::uselocale(before_);
        if (utf8_ != nullptr) {
            ::freelocale(utf8_);
        }
    }

    [[nodiscard]] static std::size_t of(base::Character character) {
        const int width = ::wcwidth(static_cast<wchar_t>(character.code));
        return width < 0 ? 1 : static_cast<std::size_t>(width);
    }

    [[nodiscard]] static std::size_t of(std::string_view text) {
        std::size_t width = 0;
        while (const auto character = base::first_character(text)) {
            width += of(*character);
            text.remove_prefix(character->bytes);
        }
        return width;
    }

    /// As much of the text as fits, with `…` at its end where that is not all.
    [[nodiscard]] static std::string cut(std::string_view text, std::size_t columns) {
        if (of(text) <= columns) {
            return std::string(text);
        }
        std::string cut;
        std::size_t width = 1;
        while (const auto character = base::first_character(text)) {
            width += of(*character);
            if (width > columns) {
                break;
            }
            cut += text.substr(0, character->bytes);
            text.remove_prefix(character->bytes);
        }
        return columns == 0 ? "" : cut + "…";
    }

  private:
    const locale_t utf8_;
    const locale_t before_;
};

struct Column {
    std::string_view head;
    std::size_t widest;  ///< texts are cut to it
    Texts (*items)(const Listed& row);
};

Texts one(std::string_view item) {
    return {std::string(item)};
}

std::string owner_cell(const Listed& row) {
    if (!row.listed.owner.empty()) {
        return row.listed.owner;
    }
    return row.token.owner_id.empty() ? "unknown" : row.token.owner_id;
}

/// The owner's type goes without saying where people own personal tokens and machines service tokens.
std::string type_cell(const Listed& row) {
    const std::string_view type = label(row.token.type);
    return inventory::is_natural(row.token.type, row.token.owner_type)
               ? std::string(type)
               : fmt::format("{} of {}", type, label(row.token.owner_type));
}

std::string expiry_cell(const Listed& row) {
    return row.token.expires_at ? fmt::format("{} ({})", day_text(row.token.expires_at, ""), time_left(row))
                                : time_left(row);
}

constexpr std::size_t longest_id = 36;

constexpr auto columns = std::to_array<Column>({
    {"FINDINGS", 28, findings},
    {"ORG", 16, [](const Listed& row) { return one(row.listed.organization); }},
    {"OWNER", 36, [](const Listed& row) { return one(owner_cell(row)); }},
    {"NAME", 28, [](const Listed& row) { return one(row.token.name); }},
    {"ID", longest_id, [](const Listed& row) { return one(row.token.id); }},
    {"PUBLIC PORTION", 24, [](const Listed& row) { return one(row.token.public_portion); }},
    {"TYPE", 28, [](const Listed& row) { return one(type_cell(row)); }},
    {"CREATED", 10, [](const Listed& row) { return one(day_text(row.token.created_at, "unknown")); }},
    {"LAST USED", 10, [](const Listed& row) { return one(day_text(row.token.last_used_at, "never")); }},
    {"EXPIRES", 26, [](const Listed& row) { return one(expiry_cell(row)); }},
    {"SCOPES", 1000, [](const Listed& row) { return row.token.scopes.empty() ? one("none") : scopes(row); }},
});

/// `, +12`; empty: no more.
std::string and_more(std::size_t items) {
    return items == 0 ? "" : fmt::format(", +{}", items);
}

/// As many items as fit, and how many more there are: `a, b, +12`. Of the first at least a part.
std::string fitted(const Texts& items, std::size_t width) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string next = i == 0 ? items[i] : ", " + items[i];
        const std::string rest = and_more(items.size() - i - 1);
        if (Widths::of(text + next) + rest.size() > width) {
            return i == 0 ? Widths::cut(next, width - std::min(width, rest.size())) + rest
                          : text + and_more(items.size() - i);
        }
        text += next;
    }
    return text;
}

/// Where a column is printed: a row of the table takes several lines where one is too short.
struct Place {
    std::size_t line;
    std::size_t width;
};

constexpr std::size_t gap = 2;
/// Of the lines of a row but the first.
constexpr std::size_t indent = 2;
/// Scopes get a line of their own rather than less room.
constexpr std::size_t least_for_scopes = 24;

std::vector<Place> layout(const std::vector<Listed>& rows, std::size_t width) {
    std::vector<Place> places;
    std::size_t line = 0;
    std::size_t used = 0;
    for (const Column& column : columns) {
        std::size_t wanted = column.head.size();
        for (const Listed& row : rows) {
            wanted = std::max(wanted, Widths::of(fmt::format("{}", fmt::join(column.items(row), ", "))));
        }
        wanted = std::min({wanted, column.widest, width - indent});
        const bool is_last = places.size() + 1 == columns.size();
        const std::size_t needed = is_last ? std::min(wanted, least_for_scopes) : wanted;
        if (used > 0 && used + gap + needed > width) {
            ++line;
            used = 0;
        }
        used += used == 0 ? (line == 0 ? 0 : indent) : gap;
        wanted = std::min(wanted, width - used);
        places.push_back({line, wanted});
        used += wanted;
    }
    return places;
}

// ECMA-48, 8.3.117.
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view plain = "\x1b[0m";

std::string_view colour_of(const TokenDetail& token) {
    const std::size_t worst = inventory::worst_of(token.findings);
    if (worst == inventory::finding_count) {
        return {};
    }
    switch (inventory::findings()[worst].severity) {
        case inventory::Severity::critical:
            return red;
        case inventory::Severity::warning:
            return yellow;
        case inventory::Severity::info:
            break;
    }
    return {};
}

/// @param cells cut to their widths
/// @param colour of the first one, empty: none
void append_row(std::string& out, const std::vector<Place>& places, const Texts& cells,
                std::string_view colour) {
    std::size_t line = 0;
    std::size_t missing = 0;  // blanks, which are left out at the end of a line
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (places[i].line != line) {
            line = places[i].line;
            out += '\n';
            missing = indent;
        }
        out.append(missing, ' ');
        out += i == 0 && !colour.empty() ? fmt::format("{}{}{}", colour, cells[i], plain) : cells[i];
        missing = places[i].width - Widths::of(cells[i]) + gap;
    }
    while (out.ends_with(' ')) {
        out.pop_back();
    }
    out += '\n';
}

std::string table(const std::vector<Listed>& rows, const Terminal& terminal) {
    constexpr std::size_t narrowest = 40;
    const Widths widths;
    const std::vector<Place> places = layout(rows, std::max(terminal.columns, narrowest));
    Texts cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        cells.push_back(Widths::cut(columns[i].head, places[i].width));
    }
    std::string out;
    append_row(out, places, cells, terminal.colours ? bold : "");
    for (const Listed& row : rows) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            cells[i] = fitted(columns[i].items(row), places[i].width);
        }
        append_row(out, places, cells, terminal.colours ? colour_of(row.token) : "");
    }
    return out;
}

}  // namespace

std::string token_list(config::ListFormat format, std::span<const ListedToken> tokens,
                       const Terminal& terminal, base::Timestamp now) {
    std::vector<Listed> rows;
    for (const ListedToken& listed : tokens) {
        rows.push_back({listed, *listed.token, now});
    }
    std::string out;
    switch (format) {
        case config::ListFormat::json:
            for (const Listed& row : rows) {
                append_json(out, row);
            }
            return out;
        case config::ListFormat::csv:
            append_csv(out, [] {
                Texts names;
                for (const Field& field : fields) {
                    names.emplace_back(field.name);
                }
                return names;
            }());
            for (const Listed& row : rows) {
                append_csv(out, csv_cells(row));
            }
            return out;
        case config::ListFormat::table:
            break;
    }
    return table(rows, terminal);
}

}  // namespace exporter::app
