#include "http/request.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>
#include <string_view>

namespace exporter::http {
namespace {

enum class Format { text, openmetrics };

Format negotiate_format(std::string_view accept) {
    constexpr std::array<MediaType, 2> offers = {
        {{"text/plain", "0.0.4"}, {"application/openmetrics-text", "1.0.0"}}};
    return static_cast<Format>(preferred_type(accept, offers));
}

struct EncodingCase {
    const char* name;
    const char* header;
    bool gzip;
};

std::ostream& operator<<(std::ostream& out, const EncodingCase& c) {
    return out << c.header;
}

class AcceptEncoding : public ::testing::TestWithParam<EncodingCase> {};

TEST_P(AcceptEncoding, SaysWhetherGzipMayBeSent) {
    EXPECT_EQ(prefers_gzip(GetParam().header), GetParam().gzip) << GetParam().header;
}

INSTANTIATE_TEST_SUITE_P(
    Headers, AcceptEncoding,
    ::testing::Values(EncodingCase{"Absent", "", false},                                    //
                      EncodingCase{"Prometheus", "gzip", true},                             //
                      EncodingCase{"Browser", "gzip, deflate, br, zstd", true},             //
                      EncodingCase{"OldName", "x-gzip", true},                              //
                      EncodingCase{"CapitalLetters", "GZip;Q=0.5", true},                   //
                      EncodingCase{"Anything", "*", true},                                  //
                      EncodingCase{"OthersOnly", "deflate, br", false},                     //
                      EncodingCase{"IdentityOnly", "identity", false},                      //
                      EncodingCase{"NameThatOnlyStartsWithGzip", "gzipped", false},         //
                      EncodingCase{"NameThatOnlyEndsWithGzip", "pgzip", false},             //
                      EncodingCase{"ZeroWeight", "gzip;q=0", false},                        //
                      EncodingCase{"ZeroWeightWithDecimals", "gzip;q=0.000", false},        //
                      EncodingCase{"SmallestWeight", "gzip;q=0.001", true},                 //
                      EncodingCase{"FullWeightWithDecimals", "gzip;q=1.000", true},         //
                      EncodingCase{"WeightWithoutDecimalsAfterPoint", "gzip;q=0.", false},  //
                      EncodingCase{"RefusedByNameThoughAnythingIsAccepted", "*, gzip;q=0", false},
                      EncodingCase{"AcceptedByNameThoughAllElseIsRefused", "*;q=0, gzip", true},
                      EncodingCase{"HigherOfBothNames", "gzip;q=0, x-gzip;q=0.2", true},      //
                      EncodingCase{"AnythingRefused", "*;q=0", false},                        //
                      EncodingCase{"WeightAboveOne", "gzip;q=1.001", false},                  //
                      EncodingCase{"WeightOfTwo", "gzip;q=2", false},                         //
                      EncodingCase{"NegativeWeight", "gzip;q=-1", false},                     //
                      EncodingCase{"WeightThatIsNoNumber", "gzip;q=high", false},             //
                      EncodingCase{"WeightWithFourDecimals", "gzip;q=0.1234", false},         //
                      EncodingCase{"EmptyWeight", "gzip;q=", false},                          //
                      EncodingCase{"SpacesAndTabs", " \tbr ;q=1 ,\t gzip \t; q=0.8 ", true},  //
                      EncodingCase{"EmptyElements", ",, ,gzip,,", true},                      //
                      EncodingCase{"OtherParameterBeforeTheWeight", "gzip;level=9;q=0", false},
                      EncodingCase{"SecondFieldOfTheSameName", "br,gzip", true},
                      EncodingCase{"PlainWeighedHigher", "gzip;q=0.5, identity", false},
                      EncodingCase{"PlainWeighedLower", "gzip, identity;q=0.5", true},
                      EncodingCase{"PlainWeighedTheSame", "identity;q=0.5, gzip;q=0.5", true},
                      EncodingCase{"PlainWeighedLowerThanAnything", "identity;q=0.1, *;q=0.2", true},
                      EncodingCase{"PlainRefusedAndGzipNotNamed", "identity;q=0", false},
                      EncodingCase{"PlainRefusedButAnything", "identity;q=0, *", true},
                      EncodingCase{"PlainRefusedButGzip", "identity;q=0, gzip;q=0.001", true},
                      EncodingCase{"BothRefused", "identity;q=0, gzip;q=0", false},
                      EncodingCase{"GzipWithinQuotes", "br;x=\", gzip, \"", false},
                      EncodingCase{"QuotedName", "\"gzip\"", false},
                      EncodingCase{"QuoteWithoutAnEnd", "br;x=\", gzip", false},
                      EncodingCase{"QuotedWeight", "gzip;q=\"1\"", false}  //
                      ),
    [](const auto& test) { return test.param.name; });

struct FormatCase {
    const char* name;
    const char* header;
    Format format;
};

std::ostream& operator<<(std::ostream& out, const FormatCase& c) {
    return out << c.header;
}

class Accept : public ::testing::TestWithParam<FormatCase> {};

TEST_P(Accept, ChoosesTheFormat) {
    EXPECT_EQ(negotiate_format(GetParam().header), GetParam().format) << GetParam().header;
}

constexpr Format text = Format::text;
constexpr Format openmetrics = Format::openmetrics;

// prometheus/prometheus, scrape/scrape.go of each version.
INSTANTIATE_TEST_SUITE_P(
    Scrapers, Accept,
    ::testing::Values(
        FormatCase{"Prometheus2_30",
                   "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                   text},
        FormatCase{
            "Prometheus2_42",
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            openmetrics},
        FormatCase{
            "Prometheus2_42WithNativeHistograms",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
            "application/openmetrics-text;version=1.0.0;q=0.8,application/"
            "openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            openmetrics},
        FormatCase{"Prometheus2_53",
                   "application/openmetrics-text;version=1.0.0;q=0.5,application/"
                   "openmetrics-text;version=0.0.1;q=0.4,"
                   "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                   openmetrics},
        FormatCase{"Prometheus2_53ToldToUseText", "text/plain;version=0.0.4;q=0.5,*/*;q=0.4", text},
        FormatCase{"Prometheus2_55WithUtf8Names",
                   "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                   "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,"
                   "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
                   openmetrics},
        FormatCase{
            "Prometheus3",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            openmetrics},
        FormatCase{
            "Prometheus3WithNativeHistograms",
            "application/"
            "vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
            "application/openmetrics-text;version=0.0.1;q=0.4,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            openmetrics},
        FormatCase{"Prometheus3ToldToUseText1_0",
                   "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5", text},
        FormatCase{"Prometheus3ToldToUseText", "text/plain;version=0.0.4;q=0.6,*/*;q=0.5", text},
        FormatCase{"Curl", "*/*", text},
        FormatCase{"Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text},
        FormatCase{"Chromium",
                   "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/"
                   "*;q=0.8,"
                   "application/signed-exchange;v=b3;q=0.7",
                   text},
        FormatCase{"JavasUrlConnection", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", text}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Ranges, Accept,
    ::testing::Values(
        FormatCase{"Absent", "", text},
        FormatCase{"OpenMetricsAlone", "application/openmetrics-text", openmetrics},
        FormatCase{"OpenMetricsOfThisVersion", "application/openmetrics-text;version=1.0.0", openmetrics},
        FormatCase{"OpenMetricsOfAnotherVersion", "application/openmetrics-text;version=0.0.1", text},
        FormatCase{"TextAlone", "text/plain", text},
        FormatCase{"TextOfAnotherVersionThenAnything", "text/plain;version=1.0.0, */*;q=0.1", text},
        FormatCase{"AnyText", "text/*", text}, FormatCase{"AnyApplication", "application/*", openmetrics},
        FormatCase{"AnyApplicationOrAnyText", "application/*, text/*", text},
        FormatCase{"NamedOrAnyText", "application/openmetrics-text, text/*", openmetrics},
        FormatCase{"NamedOrAnything", "*/*, application/openmetrics-text", openmetrics},
        FormatCase{"BothNamedWithTheSameWeight", "application/openmetrics-text;version=1.0.0, text/plain",
                   text},
        FormatCase{"TextWeighedHigher", "application/openmetrics-text;q=0.8, text/plain;q=0.9", text},
        FormatCase{"OpenMetricsWeighedHigherByALittle",
                   "application/openmetrics-text;q=0.901, text/plain;q=0.9", openmetrics},
        FormatCase{"TextRefusedThoughAnythingIsAccepted", "*/*, text/plain;q=0", openmetrics},
        FormatCase{"AnyTextRefused", "*/*;q=0.1, text/*;q=0.000", openmetrics},
        FormatCase{"OpenMetricsRefusedThoughAnythingIsAccepted", "application/openmetrics-text;q=0, */*",
                   text},
        FormatCase{"AllRefused", "*/*;q=0", text},
        FormatCase{"NeitherAccepted", "image/png, application/json", text},
        FormatCase{"CloserRangeLowers", "application/*, application/openmetrics-text;q=0.1, text/plain;q=0.2",
                   text},
        FormatCase{"CloserRangeLowersWhereverItStands",
                   "application/openmetrics-text;q=0.1, application/*, text/plain;q=0.2", text},
        FormatCase{"VersionIsCloserThanTheName",
                   "application/openmetrics-text, application/openmetrics-text;version=1.0.0;q=0.1, "
                   "text/plain;q=0.2",
                   text},
        FormatCase{"HigherOfTwoEquallyClose",
                   "application/openmetrics-text;q=0.1, application/openmetrics-text;q=0.5, text/plain;q=0.2",
                   openmetrics},
        FormatCase{
            "OtherVersionDoesNotRefuseThisOne",
            "application/openmetrics-text;version=1.0.0, application/openmetrics-text;version=0.0.1;q=0",
            openmetrics},
        FormatCase{"CapitalLetters", "Application/OpenMetrics-Text;Version=1.0.0;Q=1.0, TEXT/PLAIN;q=0.5",
                   openmetrics},
        FormatCase{"SpacesAndTabs",
                   " \tapplication/openmetrics-text ;\tversion=1.0.0 ; q=1 ,\ttext/plain ; q=0.5",
                   openmetrics},
        FormatCase{"EmptyElements", ",, ,application/openmetrics-text,,;,;;", openmetrics},
        FormatCase{"OtherParameters", "application/openmetrics-text;charset=utf-8;escaping=allow-utf-8",
                   openmetrics},
        FormatCase{"ParametersAfterTheWeight",
                   "application/openmetrics-text;q=0.5;version=0.0.1, text/plain;q=0.1", text},
        FormatCase{"QuotedVersion", "application/openmetrics-text;version=\"1.0.0\"", openmetrics},
        FormatCase{"QuotedOtherVersion", "application/openmetrics-text;version=\"0.0.1\"", text},
        FormatCase{"SeparatorsWithinQuotes",
                   "application/openmetrics-text;a=\"b,c;q=0;version=0.0.1\";version=1.0.0", openmetrics},
        FormatCase{"EscapesWithinQuotes", "application/openmetrics-text;a=\"\\\",text/plain;q=1,\";q=0.5",
                   openmetrics},
        FormatCase{"QuoteWithoutAnEnd", "text/plain;q=0.1;a=\", application/openmetrics-text", text}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Garbage, Accept,
    ::testing::Values(FormatCase{"Words", "give me metrics please", text},
                      FormatCase{"Separators", ";=,\"\\;,=/;q", text},
                      FormatCase{"TypeWithoutASubtype", "application", text},
                      FormatCase{"NameThatOnlyStartsRight", "application/openmetrics-text2", text},
                      FormatCase{"WildcardTypeOfASubtype", "*/openmetrics-text", text},
                      FormatCase{"WildcardAlone", "*", text},
                      FormatCase{"SpacesAroundTheSlash", "application / openmetrics-text", text},
                      FormatCase{"WeightThatIsNoNumber", "application/openmetrics-text;q=high, */*;q=0.1",
                                 text},
                      FormatCase{"WeightAboveOne", "application/openmetrics-text;q=1.1", text},
                      FormatCase{"WeightWithFourDecimals", "application/openmetrics-text;q=0.0001", text},
                      FormatCase{"UnreadableWeightOfTextLeavesTheNextRange", "text/plain;q=a, */*", text}),
    [](const auto& test) { return test.param.name; });

TEST(AcceptHeader, OfThousandsOfRangesIsReadToTheEnd) {
    std::string header;
    for (int i = 0; i < 5000; ++i) {
        header += "text/x;q=0.1,";
    }
    EXPECT_EQ(negotiate_format(header), Format::text);
    EXPECT_EQ(negotiate_format(header + "application/openmetrics-text"), Format::openmetrics);
}

TEST(AcceptHeader, MayHoldAnyByte) {
    std::string header = "application/openmetrics-text";
    for (int byte = 0; byte < 256; ++byte) {
        header += static_cast<char>(byte);
    }
    EXPECT_EQ(negotiate_format(header), Format::text);
    EXPECT_FALSE(prefers_gzip(header));
}

}  // namespace
}  // namespace exporter::http
