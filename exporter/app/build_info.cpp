#include "app/build_info.h"

#include <fmt/format.h>
#include <revision.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>

namespace exporter::app {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

std::string_view version() {
    return EXPORTER_VERSION;
}

std::string_view revision() {
    return EXPORTER_REVISION;
}

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string version_text() {
    return fmt::format("datadog_token_exporter {} (revision {}, {})\n", version(), revision(), compiler());
}

std::string user_agent() {
    utsname machine{};
    if (::uname(&machine) != 0) {
        return fmt::format("datadog_token_exporter/{} (c++ 20; os unknown; arch unknown)", version());
    }
    return fmt::format("datadog_token_exporter/{} (c++ 20; os {}; arch {})", version(),
                       lower(machine.sysname), machine.machine);
}

}  // namespace exporter::app
