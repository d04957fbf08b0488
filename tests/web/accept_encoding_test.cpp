#include "web/routes.h"

#include <gtest/gtest.h>

#include <ostream>

namespace exporter::web {
namespace {

struct Case {
    const char* name;
    const char* header;
    bool accepted;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.header;
}

class AcceptEncoding : public ::testing::TestWithParam<Case> {};

TEST_P(AcceptEncoding, SaysWhetherGzipMayBeSent) {
    EXPECT_EQ(accepts_gzip(GetParam().header), GetParam().accepted) << GetParam().header;
}

INSTANTIATE_TEST_SUITE_P(
    Headers, AcceptEncoding,
    ::testing::Values(Case{"Absent", "", false},                                    //
                      Case{"Prometheus", "gzip", true},                             //
                      Case{"Browser", "gzip, deflate, br, zstd", true},             //
                      Case{"OldName", "x-gzip", true},                              //
                      Case{"CapitalLetters", "GZip;Q=0.5", true},                   //
                      Case{"Anything", "*", true},                                  //
                      Case{"OthersOnly", "deflate, br", false},                     //
                      Case{"IdentityOnly", "identity", false},                      //
                      Case{"NameThatOnlyStartsWithGzip", "gzipped", false},         //
                      Case{"NameThatOnlyEndsWithGzip", "pgzip", false},             //
                      Case{"ZeroWeight", "gzip;q=0", false},                        //
                      Case{"ZeroWeightWithDecimals", "gzip;q=0.000", false},        //
                      Case{"SmallestWeight", "gzip;q=0.001", true},                 //
                      Case{"FullWeightWithDecimals", "gzip;q=1.000", true},         //
                      Case{"WeightWithoutDecimalsAfterPoint", "gzip;q=0.", false},  //
                      Case{"RefusedByNameThoughAnythingIsAccepted", "*, gzip;q=0", false},
                      Case{"AcceptedByNameThoughAllElseIsRefused", "*;q=0, gzip", true},
                      Case{"HigherOfBothNames", "gzip;q=0, x-gzip;q=0.2", true},        //
                      Case{"AnythingRefused", "*;q=0", false},                          //
                      Case{"WeightAboveOne", "gzip;q=1.001", false},                    //
                      Case{"WeightOfTwo", "gzip;q=2", false},                           //
                      Case{"NegativeWeight", "gzip;q=-1", false},                       //
                      Case{"WeightThatIsNoNumber", "gzip;q=high", false},               //
                      Case{"WeightWithFourDecimals", "gzip;q=0.1234", false},           //
                      Case{"EmptyWeight", "gzip;q=", false},                            //
                      Case{"SpacesAndTabs", " \tbr ;q=1 ,\t gzip \t; q=0.8 ", true},    //
                      Case{"EmptyElements", ",, ,gzip,,", true},                        //
                      Case{"OtherParameterBeforeTheWeight", "gzip;level=9;q=0", false}  //
                      ),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::web
