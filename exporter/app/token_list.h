// Tokens as `--list` prints them: a table for people (token_table.cpp), JSON and CSV for programs. Pure: what
// is printed is made of the arguments alone. Names and owners are untrusted; they come as labels, without
// control characters.
#pragma once

#include "base/dates.h"
#include "config/config.h"
#include "inventory/inventory.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::app {

/// One line of the list. What it points to must outlive it.
struct ListedToken {
    std::string_view organization;
    const inventory::TokenDetail* token;
    const inventory::ScopeNames* scope_names;
    std::string owner = {};  ///< a label; the name and e-mail of the owner; empty: they are not known
};

/// What a table is printed on.
struct Terminal {
    std::size_t columns = 120;
    bool colours = false;
};

/// The reasons of its findings, the worst first.
[[nodiscard]] std::vector<std::string> reasons_of(const ListedToken& listed);
/// Its scopes, the privileged ones first.
[[nodiscard]] std::vector<std::string> scopes_of(const ListedToken& listed);
/// `in 3 days`, `never`; `unknown` where the date can't be read.
[[nodiscard]] std::string time_left(const ListedToken& listed, base::Timestamp now);

/// A line of heads and one of each token, or several where they don't fit into the terminal's width.
[[nodiscard]] std::string token_table(std::span<const ListedToken> tokens, const Terminal& terminal,
                                      base::Timestamp now);

/// The tokens in the order given. A table without a token is its head alone; JSON has one object a line, CSV
/// (RFC 4180) a line of names first, and no cell that a spreadsheet would take for a formula.
[[nodiscard]] std::string token_list(config::ListFormat format, std::span<const ListedToken> tokens,
                                     const Terminal& terminal, base::Timestamp now);

}  // namespace exporter::app
