#include "faults/matrix.h"

#include <gtest/gtest.h>

namespace exporter::faults {
namespace {

class FaultMatrix : public ::testing::TestWithParam<Row> {};

TEST_P(FaultMatrix, LosesNothing) {
    check(GetParam());
}

const auto name_of = [](const ::testing::TestParamInfo<Row>& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(Network, FaultMatrix, ::testing::ValuesIn(network_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Status, FaultMatrix, ::testing::ValuesIn(status_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(RateLimit, FaultMatrix, ::testing::ValuesIn(rate_limit_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Body, FaultMatrix, ::testing::ValuesIn(body_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Listing, FaultMatrix, ::testing::ValuesIn(listing_rows()), name_of);

}  // namespace
}  // namespace exporter::faults
