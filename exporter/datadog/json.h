// Reads the JSON of answers with RapidJSON's SAX reader: in place, without a tree, within bounds. Included
// only by sources in datadog/ that implement a handler for its events.
#pragma once

#include "datadog/error.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <optional>
#include <span>

namespace exporter::datadog {

/// Returns `text` without a byte order mark, and with U+FFFD in place of each unpaired escaped surrogate. A
/// single one makes RapidJSON reject the whole text, and anybody can put one into a name, for example by
/// cutting an emoji in half.
[[nodiscard]] std::span<char> readable_json(std::span<char> text);

/// The error for nesting of more than `most_levels`; of kind `bad_page`.
[[nodiscard]] Error too_deep();

/// Passes the events of the JSON in `body` to the handler.
///
/// @param body overwritten; ends with a NUL character that is not part of the JSON text
/// @param handler a RapidJSON handler; its `refusal()` says why it returned false; nullopt: it did not
/// @return nullopt: all of it was read
template <class Handler>
[[nodiscard]] std::optional<Error> read_json(std::span<char> body, Handler& handler) {
    const std::size_t length = body.size() - 1;
    const std::span<char> json = readable_json(body.first(length));
    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(json.data());
    // Iterative, because the recursive parser would overflow the stack on deeply nested input. It still takes
    // 8 bytes per level, so the handler limits the levels: 32 kB of gzipped opening brackets would take 297
    // MiB. Numbers are read as text, so that one beyond 64 bits invalidates only its field. (One beyond a
    // double's range invalidates the page, but users can only write texts into a page, not numbers.)
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
    // RapidJSON treats a NUL character as the end of its input.
    if (stream.Tell() < json.size()) {
        return Error{ErrorKind::not_json,
                     fmt::format("the body has a NUL character at byte {}", stream.Tell())};
    }
    return std::nullopt;
}

}  // namespace exporter::datadog
