#include "app/process.h"
#include "app/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    try {
        exporter::app::forbid_core_dumps();
        return exporter::app::run(std::vector<std::string>(argv + 1, argv + argc),
                                  exporter::app::take_environment(environ));
    } catch (const std::exception& exception) {
        fmt::print(stderr, "datadog_token_exporter: {}\n", exception.what());
        return EXIT_FAILURE;
    }
}
