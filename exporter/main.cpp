#include "app/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

exporter::config::Environment process_environment() {
    exporter::config::Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (const auto equals = text.find('='); equals != std::string_view::npos) {
            environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return environment;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return exporter::app::run(std::vector<std::string>(argv + 1, argv + argc), process_environment());
    } catch (const std::exception& exception) {
        fmt::print(stderr, "datadog_token_exporter: {}\n", exception.what());
        return EXIT_FAILURE;
    }
}
