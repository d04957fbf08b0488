#include "datadog/page_parser.h"
#include "datadog/page_structure.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>

namespace exporter::datadog {

namespace {

constexpr std::size_t max_bytes = 200;

/// Error bodies are small; one that isn't is only looked at in its beginning.
constexpr std::size_t max_error_body = std::size_t{64} * 1024;

/// Collects the texts of an error's body: `errors` as a text, as texts, or as objects with `title` and
/// `detail`; or a `message`. The names of the public functions are RapidJSON's.
class ErrorHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, ErrorHandler> {
  public:
    bool Default() { return true; }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        key_.assign(text, length);
        in_errors_ = depth_ == 1 ? key_ == "errors" : in_errors_;
        return true;
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        const bool direct = in_errors_ && depth_ == (in_array_ ? 2U : 1U);
        const bool member = in_errors_ && depth_ > 1 && (key_ == "title" || key_ == "detail");
        const bool message = depth_ == 1 && key_ == "message";
        if (direct || (member && in_object_) || message) {
            words_ += words_.empty() ? "" : in_object_ && member_follows_ ? ": " : "; ";
            words_.append(text, length);
            member_follows_ = in_object_;
        }
        return true;
    }
    bool StartObject() { return enter(true); }
    bool StartArray() { return enter(false); }
    bool EndObject(rapidjson::SizeType) { return leave(); }
    bool EndArray(rapidjson::SizeType) { return leave(); }

    [[nodiscard]] const std::string& words() const { return words_; }

  private:
    bool enter(bool object) {
        in_array_ = depth_ == 1 ? !object : in_array_;
        in_object_ = object && in_errors_;
        member_follows_ = false;
        ++depth_;
        return depth_ <= most_levels;
    }
    bool leave() {
        --depth_;
        in_object_ = false;
        in_errors_ = in_errors_ && depth_ > 1;
        return true;
    }

    std::string key_;
    std::string words_;
    unsigned depth_ = 0;
    bool in_errors_ = false;
    bool in_array_ = false;        ///< `errors` is an array
    bool in_object_ = false;       ///< in an object of `errors`
    bool member_follows_ = false;  ///< the object has given a text already
};

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
    ErrorHandler handler;
    rapidjson::Reader reader;
    rapidjson::MemoryStream stream(body.data(), body.size());
    if (!reader.Parse<rapidjson::kParseIterativeFlag>(stream, handler)) {
        return one_line(body);
    }
    return one_line(handler.words());
}

}  // namespace exporter::datadog
