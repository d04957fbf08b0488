// Prints the exposition of everything that the program can publish: as text, or with the argument
// `openmetrics` as that.
#include "metrics/samples.h"

#include <iostream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    using namespace exporter::metrics;
    const bool is_openmetrics = argc > 1 && std::string_view(argv[1]) == "openmetrics";
    const Exposition exposition([](Format format) { return render(samples::collect_everything(), format); });
    const Body body =
        exposition.body("", is_openmetrics ? Format::openmetrics : Format::text, Encoding::identity);
    std::cout << *body.head << body.tail << std::flush;
    return std::cout.good() ? 0 : 1;
}
