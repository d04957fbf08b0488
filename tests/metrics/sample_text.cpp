// Prints the exposition of everything that the program can publish.
#include "metrics/samples.h"

#include <iostream>

int main() {
    std::cout << exporter::metrics::render_text(exporter::metrics::samples::collect_everything())
              << std::flush;
    return std::cout.good() ? 0 : 1;
}
