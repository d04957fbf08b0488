#include "app/secrecy.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace exporter::app {

namespace {

constexpr std::array<std::string_view, 9> secret_variables = {"DD_API_KEY",  "DD_APP_KEY",  "DD_BEARER_TOKEN",
                                                              "HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
                                                              "http_proxy",  "ALL_PROXY",   "all_proxy"};

bool is_secret(std::string_view name) {
    return std::find(secret_variables.begin(), secret_variables.end(), name) != secret_variables.end();
}

}  // namespace

void forbid_core_dumps() {
    // The limit alone would not do: where cores go to a pipe, the kernel does not ask for it.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

config::Environment take_environment(char** environment) {
    config::Environment taken;
    for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        taken.emplace(text.substr(0, equals), text.substr(equals + 1));
        if (is_secret(text.substr(0, equals))) {
            explicit_bzero(*entry + equals + 1, text.size() - equals - 1);
        }
    }
    return taken;
}

void wipe_credentials(config::Environment& environment) {
    for (auto& [name, value] : environment) {
        if (is_secret(name)) {
            explicit_bzero(value.data(), value.size());
            value.clear();
        }
    }
}

}  // namespace exporter::app
