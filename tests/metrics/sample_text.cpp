// Prints an exposition with everything the program can publish, as text or, with the argument `openmetrics`,
// as OpenMetrics.
#include "metrics/exposition.h"
#include "metrics/samples.h"

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
    using namespace exporter::metrics;
    const bool is_openmetrics = argc > 1 && std::string_view(argv[1]) == "openmetrics";
    const Format format = is_openmetrics ? Format::openmetrics : Format::text;
    const std::vector organizations = {render_lines(samples::full_snapshot("production", 1)),
                                       render_lines(samples::full_snapshot("sandbox", 2))};
    const std::string live = render(families_of(samples::exporter_status()), format);
    const Body body = join(organizations)->body(live, format, Encoding::identity);
    std::cout << *body.head << body.tail << std::flush;
    return std::cout.good() ? 0 : 1;
}
