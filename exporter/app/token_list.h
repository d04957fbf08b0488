// Formats tokens for `--list`: a table for people (token_table.cpp), JSON and CSV for programs. Pure: the
// output depends only on the arguments. Names and owners are untrusted; they are passed in as labels, without
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

/// One entry of the list. Objects it points to must outlive it.
struct ListedToken {
    std::string_view organization;
    const inventory::TokenDetail* token;
    const inventory::ScopeNames* scope_names;
    std::string owner = {};  ///< a label: the owner's name and e-mail address; empty: unknown
};

/// The terminal that a table is printed on.
struct Terminal {
    std::size_t columns = 120;
    bool colours = false;
};

/// The reasons of its findings, the worst first.
[[nodiscard]] std::vector<std::string> reasons_of(const ListedToken& listed);
/// Its scopes, the privileged ones first.
[[nodiscard]] std::vector<std::string> scopes_of(const ListedToken& listed);
/// `in 3 days`, `never`; `unknown` if the date can't be read.
[[nodiscard]] std::string time_left(const ListedToken& listed, base::Timestamp now);

/// A header line and one line per token, or several if a token doesn't fit into the terminal's width.
[[nodiscard]] std::string token_table(std::span<const ListedToken> tokens, const Terminal& terminal,
                                      base::Timestamp now);

/// Formats the tokens in the order given. A table without tokens is only its header. JSON has one object per
/// line. CSV (RFC 4180) begins with a header, and no cell looks like a formula to a spreadsheet.
[[nodiscard]] std::string token_list(config::ListFormat format, std::span<const ListedToken> tokens,
                                     const Terminal& terminal, base::Timestamp now);

}  // namespace exporter::app
