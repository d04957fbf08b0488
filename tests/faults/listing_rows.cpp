#include "faults/matrix.h"

#include <algorithm>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;

constexpr std::size_t whole_listing = last_page + 1;

/// Answers each request with the body that `make` says.
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

/// The healthy tokens, with another total.
Fault with_meta(std::string meta) {
    return each([meta = std::move(meta)](const Request& request) {
        return page_of(request.page * page_size, page_size, healthy_tokens, meta);
    });
}

/// A listing that never agrees is read again and again, each time to its empty page.
Row contradiction(std::string name, std::string_view reported) {
    return {std::move(name),
            with_meta(total(reported)),
            {},
            readings * (whole_listing + 1),
            healthy_tokens,
            false};
}

/// One token claims a creation date that no clock has reached, on each page but the last.
Row created_in_the_future(std::string name, std::string_view headers) {
    return {std::move(name),
            [headers = std::string(headers)](support::RawConnection& connection, const Request& request) {
                std::string body = healthy_page(request.page);
                if (const auto at = body.find("2024-01-01"); request.page < last_page) {
                    body.replace(at, 4, "2099");
                }
                connection.send(response("200 OK", body, headers));
                return Then::keep_alive;
            },
            {},
            whole_listing};
}

/// Without a total only an empty page proves the end.
Row no_total(std::string name, std::string meta) {
    return {std::move(name), with_meta(std::move(meta)), {}, whole_listing + 1};
}

}  // namespace

std::vector<Row> listing_rows() {
    return {
        no_total("TotalIsAbsent", ""),
        no_total("TotalIsAText", total(R"("250")")),
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
        created_in_the_future("CreatedAfterTheAnswersOwnDate", "Date: Mon, 05 Oct 2026 10:00:00 GMT\r\n"),
        created_in_the_future("CreatedInTheFutureOfOurClock", ""),
        {"EmptiedOvernight", each([](const Request&) { return page_json(0, 0, total("0")); }), {}, 1, 0},
    };
}

}  // namespace exporter::faults
