// Any Authorization header is either rejected or the canonical encoding of the login parsed from it.
#include "http/authenticator.h"
#include "require.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

std::string base64(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits * 256 + (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= group.size() ? alphabet[(bits >> (18 - 6 * j)) % 64] : '=';
        }
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using exporter::http::parse_basic_authorization;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto credentials = parse_basic_authorization(text)) {
        require(credentials->user.find(':') == std::string::npos);
        const auto token = base64(credentials->user + ":" + std::string(credentials->password.expose()));
        require(text.ends_with(token));
        require(text.substr(5, text.size() - token.size() - 5).find_first_not_of(' ') ==
                std::string_view::npos);
    }
    // And every encoded login can be parsed.
    const auto written = parse_basic_authorization("Basic " + base64(":" + std::string(text)));
    require(written && written->user.empty() && written->password.expose() == text);
    return 0;
}
