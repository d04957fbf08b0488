#include "metrics/collectables.h"
#include "metrics/family_builder.h"

#include <utility>

namespace exporter::metrics {

BuildInfoCollectable::BuildInfoCollectable(std::string version, std::string revision, std::string compiler)
    : version_(std::move(version)), revision_(std::move(revision)), compiler_(std::move(compiler)) {}

std::vector<prometheus::MetricFamily> BuildInfoCollectable::Collect() const {
    FamilyBuilder family(describe("datadog_access_token_exporter_build_info"));
    family.add({version_, revision_, compiler_}, 1);
    return {std::move(family).build()};
}

}  // namespace exporter::metrics
