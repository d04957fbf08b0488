#include "faults/matrix.h"
#include "support/gzip.h"

#include <fmt/format.h>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;
using support::gzip;

constexpr std::size_t whole_listing = last_page + 1;

Row refused(std::string name, std::string_view body, ErrorKind reason) {
    return {std::move(name), always(response("200 OK", body)), reason, 1};
}

/// For a large body, which is built when it is requested: each test has a process of its own, which builds
/// the whole table.
Row refused_large(std::string name, std::string (*body)(), ErrorKind reason, std::string_view headers = "") {
    const auto fault = [body, headers](support::RawConnection& connection, const Request&) {
        connection.send(response("200 OK", body(), headers));
        return Then::keep_alive;
    };
    return {std::move(name), fault, reason, 1};
}

/// A one-page listing whose only token has these `attributes`.
Row read_all_the_same(std::string name, std::string_view attributes) {
    const std::string body =
        fmt::format(R"({{"data":[{{"id":"a","type":"personal_access_tokens","attributes":{{{}}}}}],{}}})",
                    attributes, total("1"));
    return {std::move(name), always(response("200 OK", body)), {}, 1, 1};
}

/// A one-page listing with this `data`, which counts as one token.
Row one_token_of(std::string name, std::string_view elements) {
    const std::string body = fmt::format(R"({{"data":[{}],{}}})", elements, total("1"));
    return {std::move(name), always(response("200 OK", body)), {}, 1, 1};
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

constexpr std::size_t deep = 100'000;
constexpr std::size_t deepest = (std::size_t{8} << 20) - 100;  // The page size limit is 8 MiB.

}  // namespace

std::vector<Row> body_rows() {
    const std::string html = "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n";
    return {
        refused("Html", html, ErrorKind::not_json),
        {"HtmlInGzip", always(response("200 OK", gzip(html), "Content-Encoding: gzip\r\n")),
         ErrorKind::not_json, 1},
        {"UnknownCoding", always(response("200 OK", healthy_page(0), "Content-Encoding: zstd2\r\n")),
         ErrorKind::bad_page, 1},
        {"GzipTwice",
         always(response("200 OK", gzip(gzip(healthy_page(0))), "Content-Encoding: gzip, gzip\r\n")),
         ErrorKind::bad_page, 1},
        refused("Empty", "", ErrorKind::not_json),
        refused("Blank", " \r\n", ErrorKind::not_json),
        refused("NulBytes", std::string(4096, '\0'), ErrorKind::not_json),
        refused("Utf16", std::string("\xff\xfe{\0\"\0", 6), ErrorKind::not_json),
        refused("ErrorsInA200", R"({"errors":["in its own words"]})", ErrorKind::bad_page),
        refused("ErrorsBesideData", R"({"data":[],"errors":["in its own words"]})", ErrorKind::bad_page),
        refused("StatusErrorInA200", R"({"status":"error","code":403,"errors":["Forbidden"]})",
                ErrorKind::bad_page),
        refused("DataIsNull", R"({"data":null})", ErrorKind::bad_page),
        refused("DataIsAnObject", R"({"data":{}})", ErrorKind::bad_page),
        refused("DataIsAString", R"({"data":"[]"})", ErrorKind::bad_page),
        refused("DataIsABigNumber", R"({"data":184467440737095516160})", ErrorKind::bad_page),
        refused("DataIsAbsent", R"({"meta":{"page":{"total_filtered_count":0}}})", ErrorKind::bad_page),
        refused("AnArray", R"([{"data":[]}])", ErrorKind::bad_page),
        refused("AString", R"("data")", ErrorKind::bad_page),
        refused("Null", "null", ErrorKind::bad_page),
        refused("TrailingGarbage", healthy_page(0) + " and more", ErrorKind::not_json),
        refused("TwoPagesInOne", healthy_page(0) + healthy_page(1), ErrorKind::not_json),
        refused("CutInsideAToken", healthy_page(0).substr(0, 3'000), ErrorKind::not_json),
        refused("CutAfterTheTokens", page_json(0, 100, "").substr(0, page_json(0, 100, "").size() - 1),
                ErrorKind::not_json),
        refused_large(
            "HundredsOfThousandsOfTokens",
            [] { return R"({"data":[)" + repeated(R"({"id":"a"},)", 700'000) + "{}]}"; },
            ErrorKind::bad_page),
        refused_large(
            "AMillionScopes",
            [] {
                return R"({"data":[{"id":"a","attributes":{"scopes":[)" + repeated(R"("x",)", 1'000'000) +
                       R"("x"]}}]})";
            },
            ErrorKind::bad_page),
        refused("AThousandAndOneTokens", page_json(0, 1001, total("1001")), ErrorKind::bad_page),
        {"AThousandTokensOnAPage",
         always(response("200 OK", page_json(0, 1000, total("1000")))),
         {},
         2,
         1000},
        refused_large(
            "OpenedDeeply", [] { return R"({"data":)" + std::string(deep, '['); }, ErrorKind::bad_page),
        refused_large(
            "OpenedDeeplyInGzip", [] { return gzip(R"({"data":)" + std::string(deepest, '[')); },
            ErrorKind::bad_page, "Content-Encoding: gzip\r\n"),
        refused_large(
            "OpenedDeeplyWithObjects", [] { return repeated(R"({"a":)", deep); }, ErrorKind::bad_page),
        refused_large(
            "DataIsDeep", [] { return R"({"data":{"deep":)" + nested(deep) + "}}"; }, ErrorKind::bad_page),
        refused_large(
            "DeepUnknownMember",
            [] { return R"({"data":[{"id":"a","attributes":{"unknown":)" + nested(deep) + "}}]}"; },
            ErrorKind::bad_page),
        read_all_the_same("NestedUnknownMember", R"("unknown":)" + nested(50)),
        read_all_the_same("NestedName", R"("name":)" + nested(50)),
        read_all_the_same("InvalidUtf8", "\"name\":\"\xff\xc0\x80\xed\xa0\x80\",\"scopes\":[\"\xf5\"]"),
        read_all_the_same("LoneSurrogates", R"("name":"cut \ud83d","scopes":["\ude00","\ud83d\ud83d"])"),
        refused("NumberBeyondADouble", R"({"data":[],"new":1e400})", ErrorKind::not_json),
        read_all_the_same("NulInAName", R"("name":"a\u0000b","scopes":["\u0000"])"),
        read_all_the_same("LongName", R"("name":")" + std::string(1 << 16, 'n') + '"'),
        read_all_the_same("DuplicateAttributes", R"("name":"a","name":"b","scopes":["x"],"scopes":["y"])"),
        read_all_the_same("NumbersForTexts", R"("name":1,"scopes":[1,2.5,-3],"public_portion":1e300)"),
        read_all_the_same("NumbersBeyond64Bits",
                          R"("name":184467440737095516160,"created_at":-9223372036854775809)"),
        read_all_the_same("EverythingIsNull",
                          R"("name":null,"scopes":null,"created_at":null,"expires_at":null)"),
        read_all_the_same("DatesThatAreNone",
                          R"("created_at":"yesterday","expires_at":"","last_used_at":{})"),
        read_all_the_same(
            "PlaceholdersForNoDate",
            R"("created_at":"0001-01-01T00:00:00Z","expires_at":"1970-01-01T00:00:00Z","last_used_at":"0001-01-01T00:00:00")"),
        one_token_of("DuplicateId", R"({"id":"a","id":"b"})"),
        one_token_of("TokenTwice", R"({"id":"a"},{"id":"a"})"),
        one_token_of("UnknownType",
                     R"({"id":"a","type":"tokens_of_tomorrow","attributes":[],"relationships":7})"),
        {"DataTwice",
         always(response("200 OK", R"({"data":[{"id":"a"}],"data":[{"id":"a"}],"meta":{"page":{}}})")),
         {},
         readings * 2,
         1,
         false},
        {"ByteOrderMark", always(response("200 OK", "\xef\xbb\xbf" + page_json(0, 1, total("1")))), {}, 1, 1},
        {"NoTokens", always(response("200 OK", page_json(0, 0, total("0")))), {}, 1, 0},
        {"TotalIsAFloat", always(response("200 OK", page_json(0, 1, total("1.0")))), {}, 1, 1},
        {"ContentTypeOfAnImage",
         [](support::RawConnection& connection, const Request& request) {
             connection.send(
                 "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" +
                 response("", healthy_page(request.page)).substr(response("", "").find('\n') + 1));
             return Then::keep_alive;
         },
         {},
         whole_listing},
    };
}

}  // namespace exporter::faults
