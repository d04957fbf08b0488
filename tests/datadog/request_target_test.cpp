#include "datadog/api.h"

#include <gtest/gtest.h>

namespace exporter::datadog {
namespace {

TEST(RequestTarget, AsksForAPageWithEncodedBrackets) {
    EXPECT_EQ(request_target({.number = 3, .size = 100}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=100&page%5Bnumber%5D=3");
}

TEST(RequestTarget, RepeatsTheKeyForSeveralOwners) {
    EXPECT_EQ(request_target({.number = 0, .size = 1, .owned_by = {"a", "b"}}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=1&page%5Bnumber%5D=0"
              "&filter%5Bowned_by%5D=a&filter%5Bowned_by%5D=b");
}

TEST(RequestTarget, EncodesWhateverAFilterHolds) {
    EXPECT_EQ(request_target({.number = 0, .size = 1, .sort = "-created_at", .filter = "a b&c=d/\xC3\xA4%"}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=1&page%5Bnumber%5D=0&sort=-created_at"
              "&filter=a%20b%26c%3Dd%2F%C3%A4%25");
}

}  // namespace
}  // namespace exporter::datadog
