// How the JSON of answers is read: by RapidJSON's SAX reader, in place, without a tree, within bounds. For
// the sources of datadog/ that have a handler of its events; no other header includes this one.
#pragma once

#include "datadog/error.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <optional>
#include <span>

namespace exporter::datadog {

/// `text` without a byte order mark, and with U+FFFD in place of each escaped surrogate without its other
/// half. To RapidJSON a single one makes the whole text unreadable, and anybody can put one into a name, if
/// only by cutting an emoji in two.
[[nodiscard]] std::span<char> readable_json(std::span<char> text);

/// Nesting of more than `most_levels`, of kind `bad_page`.
[[nodiscard]] Error too_deep();

/// Hands the events of the JSON in `body` to the handler.
///
/// @param body overwritten; ends with a NUL character that is not part of the JSON text
/// @param handler one of RapidJSON's; its `refusal()` says why it returned false, nullopt: it did not
/// @return nullopt: all of it was read
template <class Handler>
[[nodiscard]] std::optional<Error> read_json(std::span<char> body, Handler& handler) {
    const std::size_t length = body.size() - 1;
    const std::span<char> json = readable_json(body.first(length));
    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(json.data());
    // Iterative, because the recursive parser would overflow the stack on deeply nested input. It still takes
    // 8 bytes a level, so the handler bounds the levels: 32 kB of gzip that open arrays would take 297 MiB.
    // Numbers as text, so that one beyond 64 bits costs no more than its field. (One beyond a double's range
    // costs the page; but texts are what people can write into a page, not numbers.)
    constexpr unsigned flags =
        rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
    if (auto refusal = handler.refusal()) {
        return refusal;
    }
    if (length == 0) {
        return Error{ErrorKind::not_json, "the body is empty"};
    }
    if (!parsed) {
        return Error{ErrorKind::not_json,
                     fmt::format("the body of {} bytes is not JSON at byte {}: {}", length, parsed.Offset(),
                                 rapidjson::GetParseError_En(parsed.Code()))};
    }
    // RapidJSON takes a NUL character for the end of its input.
    if (stream.Tell() < json.size()) {
        return Error{ErrorKind::not_json,
                     fmt::format("the body has a NUL character at byte {}", stream.Tell())};
    }
    return std::nullopt;
}

}  // namespace exporter::datadog
