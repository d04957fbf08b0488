#include "faults/matrix.h"

#include <fmt/format.h>

#include <algorithm>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;

constexpr std::size_t whole_listing = last_page + 1;

/// Answers each request with the body that `make` returns.
template <class Make>
Fault each(Make make) {
    return [make](support::RawConnection& connection, const Request& request) {
        connection.send(response("200 OK", make(request)));
        return Then::keep_alive;
    };
}

std::string page_of(std::size_t first, std::size_t size, std::size_t tokens, std::string_view meta) {
    return page_json(std::min(first, tokens), std::min(first + size, tokens), meta);
}

/// The healthy tokens with a different `meta`.
Fault with_meta(std::string meta) {
    return each([meta = std::move(meta)](const Request& request) {
        return page_of(request.page * page_size, page_size, healthy_tokens, meta);
    });
}

/// A listing whose total never matches is read again, each time up to the empty page.
Row contradiction(std::string name, std::string_view reported) {
    return {std::move(name),
            with_meta(total(reported)),
            {},
            readings * (whole_listing + 1),
            healthy_tokens,
            false};
}

/// Each page has a token with a creation date later than the response.
Row created_in_the_future(std::string name, std::string headers) {
    return {std::move(name),
            [headers = std::move(headers)](support::RawConnection& connection, const Request& request) {
                std::string body = healthy_page(request.page);
                constexpr std::string_view created = "2024-01-01";
                if (const auto at = body.find(created); at != std::string::npos) {
                    body.replace(at, created.size(), "2099-01-01");
                }
                connection.send(response("200 OK", body, headers));
                return Then::keep_alive;
            },
            {},
            whole_listing};
}

/// Every page has `rows`, none of which is a readable token.
Row unreadable_everywhere(std::string name, std::string_view rows, std::string_view meta) {
    const std::string body = fmt::format(R"({{"data":[{}]{}{}}})", rows, meta.empty() ? "" : ",", meta);
    return {std::move(name), each([body](const Request&) { return body; }), ErrorKind::bad_page, 1};
}

/// A page of `size` unreadable rows.
std::string unreadable_page(std::string_view meta, std::size_t size = page_size) {
    std::string rows = "{}";
    for (std::size_t row = 1; row < size; ++row) {
        rows += ",{}";
    }
    return fmt::format(R"({{"data":[{}]{}{}}})", rows, meta.empty() ? "" : ",", meta);
}

/// The last page has unreadable rows; all others are fine.
Row unreadable_at_the_end(std::string name, std::size_t rows) {
    return {std::move(name),
            each([rows](const Request& request) {
                return request.page < last_page ? healthy_page(request.page)
                                                : unreadable_page(total("250"), rows);
            }),
            {},
            whole_listing,
            last_page * page_size,
            false};
}

/// Without a total, only an empty page proves the end of the listing.
Row no_total(std::string name, std::string meta) {
    return {std::move(name), with_meta(std::move(meta)), {}, whole_listing + 1};
}

}  // namespace

std::vector<Row> listing_rows() {
    return {
        no_total("TotalIsAbsent", ""),
        no_total("TotalIsAString", total(R"("250")")),
        no_total("TotalIsNegative", total("-1")),
        no_total("TotalIsNull", total("null")),
        no_total("TotalIsAFraction", total("250.5")),
        no_total("TotalIsBeyond64Bits", total("99999999999999999999999")),
        no_total("MetaIsAnArray", R"("meta":[250])"),
        contradiction("TotalIsZeroWithData", "0"),
        contradiction("TotalIsTooHigh", "251"),
        contradiction("TotalIsTooLow", "249"),
        {"TotalIsHuge", with_meta(total("18446744073709551615")), ErrorKind::short_listing,
         readings * (whole_listing + 1)},
        {"TotalChangesForEver",
         each([](const Request& request) {
             return page_of(request.page * page_size, page_size, healthy_tokens,
                            total(request.page == 1 ? "251" : "250"));
         }),
         {},
         readings * whole_listing,
         healthy_tokens,
         false},
        {"TotalChangesOnce",
         each([](const Request& request) {
             return page_of(request.page * page_size, page_size, healthy_tokens,
                            total(request.number == 1 ? "251" : "250"));
         }),
         {},
         2 * whole_listing},
        {"PageRepeated",
         each([](const Request& request) { return healthy_page(request.page == 1 ? 0 : request.page); }),
         ErrorKind::short_listing, readings * 2},
        {"PageRepeatedOnce",
         each([](const Request& request) { return healthy_page(request.number == 1 ? 0 : request.page); }),
         {},
         2 + whole_listing},
        {"PagesOutOfOrder",
         each([](const Request& request) {
             return healthy_page(request.page > last_page ? request.page
                                                          : (request.page + 2) % whole_listing);
         }),
         {},
         whole_listing + 1},
        {"PagesOverlap",
         each([](const Request& request) {
             return page_of(request.page * (page_size - 10), page_size, healthy_tokens, total("250"));
         }),
         {},
         whole_listing},
        {"PageMissing",
         each([](const Request& request) { return healthy_page(request.page + (request.page > 0)); }),
         ErrorKind::short_listing, readings * whole_listing},
        {"EmptyPageInTheMiddle", each([](const Request& request) {
             return request.page == 1 ? page_json(0, 0, total("250")) : healthy_page(request.page);
         }),
         ErrorKind::short_listing, readings * 2},
        {"ShrinksWhileRead",
         each([](const Request& request) {
             const std::size_t tokens = request.number == 0 ? healthy_tokens : healthy_tokens - 10;
             return page_of(request.page * page_size, page_size, tokens, total(std::to_string(tokens)));
         }),
         {},
         2 * whole_listing,
         healthy_tokens - 10},
        {"GrowsWhileRead",
         each([](const Request& request) {
             const std::size_t tokens = request.number == 0 ? healthy_tokens : healthy_tokens + 10;
             return page_of(request.page * page_size, page_size, tokens, total(std::to_string(tokens)));
         }),
         {},
         2 * whole_listing,
         healthy_tokens + 10},
        {"IgnoresPageSizeWithMore",
         each([](const Request& request) {
             return page_of(request.page * healthy_tokens, healthy_tokens, healthy_tokens, total("250"));
         }),
         {},
         2},
        {"IgnoresPageSizeWithFewer",
         each([](const Request& request) {
             return page_of(request.page * 10, 10, healthy_tokens, total("250"));
         }),
         {},
         25},
        {"IgnoresPageSizeAndTellsNoTotal",
         each([](const Request& request) { return page_of(request.page * 10, 10, healthy_tokens, ""); }),
         {},
         26},
        {"IgnoresPageNumber", each([](const Request&) { return healthy_page(0); }), ErrorKind::short_listing,
         readings * 2},
        {"IgnoresPageNumberButAllFits",
         each([](const Request&) { return page_json(0, 40, total("40")); }),
         {},
         1,
         40},
        unreadable_everywhere("RowsWithoutIds", "{}", total("1")),
        unreadable_everywhere("RowsWithoutIdsOfATotalOfNone", "{},{}", total("0")),
        unreadable_everywhere("RowsWithoutIdsOfAMillion", "{},{},{}", total("1000000")),
        unreadable_everywhere("RowsWithoutIdsAndATotal", "{}", ""),
        unreadable_everywhere("RowsWithNumbersAsIds", R"({"id":7},{"id":7},{"id":8})", total("1")),
        unreadable_everywhere("RowsWithOddIds", R"({"id":null},{"id":""},{"id":[]},{"id":{}},{"id":true})",
                              total("5")),
        unreadable_everywhere("RowsThatAreTexts", R"("a","b")", total("2")),
        unreadable_everywhere("RowsThatAreNull", "null,null", total("2")),
        unreadable_everywhere("RowsThatAreNumbers", "1,2.5,-3e9", ""),
        unreadable_everywhere("RowsThatAreArrays", R"([],[{"id":"a"}])", total("2")),
        {"APageOfUnreadableRowsInTheMiddle", each([](const Request& request) {
             return request.page == 1 ? unreadable_page(total("250")) : healthy_page(request.page);
         }),
         ErrorKind::bad_page, 2},
        {"APageOfUnreadableRowsWithoutATotal", each([](const Request& request) {
             return request.page == 1 ? unreadable_page("")
                                      : page_of(request.page * page_size, page_size, healthy_tokens, "");
         }),
         ErrorKind::bad_page, 2},
        unreadable_at_the_end("UnreadableRowsAtTheEnd", healthy_tokens % page_size),
        unreadable_at_the_end("MoreUnreadableRowsAtTheEndThanTheTotalHas", page_size),
        {"IgnoresPageNumberWithAnUnreadableRow",
         each([](const Request&) {
             std::string body = page_json(0, 40, total("41"));
             return body.insert(body.find("[") + 1, "{},");
         }),
         {},
         2,
         40,
         false},
        created_in_the_future("CreatedAfterTheAnswersDate", "Date: Mon, 05 Oct 2026 10:00:00 GMT\r\n"),
        created_in_the_future("CreatedInTheFutureOfAnAnswerWithoutADate", ""),
        {"EmptiedOvernight", each([](const Request&) { return page_json(0, 0, total("0")); }), {}, 1, 0},
    };
}

}  // namespace exporter::faults
