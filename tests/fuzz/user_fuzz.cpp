// For any user object from a server: no crash, texts no longer than the input, and a result that depends on
// the bytes alone.
#include "datadog/page.h"
#include "datadog/user.h"
#include "require.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace exporter::datadog;

Result<User> parsed(std::string_view bytes) {
    std::vector<char> body(bytes.begin(), bytes.end());
    body.push_back('\0');
    return parse_user(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto user = parsed(bytes);
    const auto again = parsed(bytes);

    require(user.has_value() == again.has_value());
    if (user) {
        require(*user == *again);
        // An escape sequence is never shorter than the character it encodes.
        require(user->name.size() + user->email.size() + user->handle.size() <= size);
        require(display_name(*user).size() <=
                user->name.size() + user->email.size() + user->handle.size() + 3);
    } else {
        require(user.error().kind == ErrorKind::not_json || user.error().kind == ErrorKind::bad_page);
        require(user.error().kind == again.error().kind);
        require(user.error().message == again.error().message);
    }
    return 0;
}
