#include "datadog/page_parser.h"

#include <rapidjson/document.h>

#include <algorithm>

namespace exporter::datadog {

namespace {

constexpr std::size_t max_bytes = 200;

/// Error bodies are small; one that isn't is only looked at in its beginning.
constexpr std::size_t max_error_body = 64 * 1024;

std::string member_text(const rapidjson::Value& object, const char* name) {
    const auto member = object.FindMember(name);
    return member != object.MemberEnd() && member->value.IsString()
               ? std::string(member->value.GetString(), member->value.GetStringLength())
               : std::string();
}

std::string text_of(const rapidjson::Value& error) {
    if (error.IsString()) {
        return {error.GetString(), error.GetStringLength()};
    }
    if (!error.IsObject()) {
        return {};
    }
    const std::string title = member_text(error, "title");
    const std::string detail = member_text(error, "detail");
    return title.empty() || detail.empty() ? title + detail : title + ": " + detail;
}

void append(std::string& joined, const std::string& text) {
    if (!text.empty()) {
        joined += (joined.empty() ? "" : "; ") + text;
    }
}

std::string json_error_text(const rapidjson::Document& document) {
    const auto errors = document.FindMember("errors");
    if (errors == document.MemberEnd()) {
        return member_text(document, "message");
    }
    if (!errors->value.IsArray()) {
        return text_of(errors->value);
    }
    std::string joined;
    for (const auto& error : errors->value.GetArray()) {
        append(joined, text_of(error));
    }
    return joined;
}

bool looks_like_html(std::string_view body) {
    const auto start = body.find_first_not_of(" \t\r\n");
    return start != std::string_view::npos && body[start] == '<';
}

/// Length of the UTF-8 sequence that a lead byte announces; 0 where it announces none.
std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead < 0xE0) {
        return 2;
    }
    if (lead >= 0xE0 && lead < 0xF0) {
        return 3;
    }
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

}  // namespace

std::string one_line(std::string_view untrusted) {
    std::string line;
    for (std::size_t i = 0; i < untrusted.size();) {
        if (line.size() >= max_bytes) {
            line.append("...");
            break;
        }
        const auto lead = static_cast<unsigned char>(untrusted[i]);
        const bool control = lead < 0x20 || lead == 0x7F;
        if (control || untrusted[i] == ' ') {
            line.append(line.empty() || line.back() == ' ' ? "" : " ");
        } else {
            // Beyond ASCII an error's words are not worth the marks and look-alikes that may hide in them.
            line.push_back(lead < 0x7F ? untrusted[i] : '?');
        }
        i += std::max<std::size_t>(sequence_length(lead), 1);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

std::string error_text(std::string_view body) {
    body = body.substr(0, max_error_body);
    if (body.empty()) {
        return {};
    }
    if (looks_like_html(body)) {
        return "an HTML page";
    }
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(body.data(), body.size());
    if (document.HasParseError()) {
        return one_line(body);
    }
    return document.IsObject() ? one_line(json_error_text(document)) : std::string();
}

}  // namespace exporter::datadog
