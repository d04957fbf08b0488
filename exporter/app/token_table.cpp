#include "app/token_list.h"
#include "base/text.h"
#include "base/words.h"
#include "inventory/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cwchar>
#include <optional>
#include <utility>

namespace exporter::app {

namespace {

using base::Timestamp;
using inventory::TokenDetail;

using Texts = std::vector<std::string>;

/// Display widths of characters on a terminal. The C library knows them only in a UTF-8 locale, which this
/// thread uses while an object of this class exists.
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

    /// As much of the text as fits, with `…` at its end if it was cut.
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

/// A token about to be printed.
struct TableRow {
    const ListedToken& listed;
    const TokenDetail& token;
    Timestamp now;
};

/// A column of the table.
struct Column {
    std::string_view head;
    std::size_t widest;  ///< longer texts are cut to this
    Texts (*items)(const TableRow& row);
};

Texts one(std::string_view item) {
    return {std::string(item)};
}

std::string day_text(const std::optional<Timestamp>& moment, std::string_view otherwise) {
    return moment ? base::datetime_text(*moment).substr(0, std::string_view("2026-01-31").size())
                  : std::string(otherwise);
}

std::string owner_cell(const TableRow& row) {
    if (!row.listed.owner.empty()) {
        return row.listed.owner;
    }
    return row.token.owner_id.empty() ? "unknown" : row.token.owner_id;
}

/// The owner's type is omitted in the usual cases: a person's personal token, or a machine's service token.
std::string type_cell(const TableRow& row) {
    const std::string_view type = label(row.token.type);
    return inventory::is_natural(row.token.type, row.token.owner_type)
               ? std::string(type)
               : fmt::format("{} of {}", type, label(row.token.owner_type));
}

std::string expiry_cell(const TableRow& row) {
    return row.token.expires_at
               ? fmt::format("{} ({})", day_text(row.token.expires_at, ""), time_left(row.listed, row.now))
               : time_left(row.listed, row.now);
}

constexpr std::size_t longest_id = 36;

constexpr auto columns = std::to_array<Column>({
    {"FINDINGS", 28, [](const TableRow& row) { return reasons_of(row.listed); }},
    {"ORG", 16, [](const TableRow& row) { return one(row.listed.organization); }},
    {"OWNER", 36, [](const TableRow& row) { return one(owner_cell(row)); }},
    {"NAME", 28, [](const TableRow& row) { return one(row.token.name); }},
    {"ID", longest_id, [](const TableRow& row) { return one(row.token.id); }},
    {"PUBLIC PORTION", 24, [](const TableRow& row) { return one(row.token.public_portion); }},
    {"TYPE", 28, [](const TableRow& row) { return one(type_cell(row)); }},
    {"CREATED", 10, [](const TableRow& row) { return one(day_text(row.token.created_at, "unknown")); }},
    {"LAST USED", 10, [](const TableRow& row) { return one(day_text(row.token.last_used_at, "never")); }},
    {"EXPIRES", 26, [](const TableRow& row) { return one(expiry_cell(row)); }},
    {"SCOPES", 1000,
     [](const TableRow& row) { return row.token.scopes.empty() ? one("none") : scopes_of(row.listed); }},
});

/// `, +12`; empty: no more.
std::string and_more(std::size_t items) {
    return items == 0 ? "" : fmt::format(", +{}", items);
}

/// As many items as fit, then the number of the others: `a, b, +12`. Always shows at least part of the first.
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

/// A column's position. A token takes several lines if it doesn't fit into one.
struct Place {
    std::size_t line;
    std::size_t width;
};

constexpr std::size_t gap = 2;
/// For all lines of a token except the first.
constexpr std::size_t indent = 2;
/// If less than this is left, the scopes start a new line.
constexpr std::size_t least_for_scopes = 24;

std::vector<Place> layout(const std::vector<TableRow>& rows, std::size_t width) {
    std::vector<Place> places;
    std::size_t line = 0;
    std::size_t used = 0;
    for (const Column& column : columns) {
        std::size_t wanted = column.head.size();
        for (const TableRow& row : rows) {
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

/// @param cells already cut to their widths
/// @param colour of the first cell; empty: none
void append_row(std::string& out, const std::vector<Place>& places, const Texts& cells,
                std::string_view colour) {
    std::size_t line = 0;
    std::size_t missing = 0;  // pending spaces, omitted at the end of a line
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

}  // namespace

std::string token_table(std::span<const ListedToken> tokens, const Terminal& terminal, Timestamp now) {
    constexpr std::size_t narrowest = 40;
    const Widths widths;
    std::vector<TableRow> rows;
    for (const ListedToken& listed : tokens) {
        rows.push_back({listed, *listed.token, now});
    }
    const std::vector<Place> places = layout(rows, std::max(terminal.columns, narrowest));
    Texts cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        cells.push_back(Widths::cut(columns[i].head, places[i].width));
    }
    std::string out;
    append_row(out, places, cells, terminal.colours ? bold : "");
    for (const TableRow& row : rows) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            cells[i] = fitted(columns[i].items(row), places[i].width);
        }
        append_row(out, places, cells, terminal.colours ? colour_of(row.token) : "");
    }
    return out;
}

}  // namespace exporter::app
