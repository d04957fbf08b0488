#include "config/endpoint.h"

#include "config/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace exporter::config {
namespace {

struct SiteCase {
    std::string text;
    std::string site;
    bool known;
};

TEST(Site, IsNormalisedFromWhatPeoplePaste) {
    const std::vector<SiteCase> cases = {
        {"datadoghq.com", "datadoghq.com", true},
        {"us3.datadoghq.com", "us3.datadoghq.com", true},
        {"us5.datadoghq.com", "us5.datadoghq.com", true},
        {"datadoghq.eu", "datadoghq.eu", true},
        {"ap1.datadoghq.com", "ap1.datadoghq.com", true},
        {"ap2.datadoghq.com", "ap2.datadoghq.com", true},
        {"uk1.datadoghq.com", "uk1.datadoghq.com", true},
        {"ddog-gov.com", "ddog-gov.com", true},
        {"us2.ddog-gov.com", "us2.ddog-gov.com", true},
        {"app.datadoghq.com", "datadoghq.com", true},
        {"https://app.datadoghq.eu", "datadoghq.eu", true},
        {"http://app.datadoghq.eu/", "datadoghq.eu", true},
        {"API.us5.datadoghq.com", "us5.datadoghq.com", true},
        {"api.us5.datadoghq.com/", "us5.datadoghq.com", true},
        {"https://api.datadoghq.com//", "datadoghq.com", true},
        {" datadoghq.com\n", "datadoghq.com", true},
        {"ap3.datadoghq.com", "ap3.datadoghq.com", false},
        {"acme.datadoghq.com", "acme.datadoghq.com", false},
    };
    for (const SiteCase& c : cases) {
        const auto site = parse_site(c.text);
        ASSERT_TRUE(site) << c.text << ": " << site.error();
        EXPECT_EQ(*site, c.site) << c.text;
        EXPECT_EQ(is_known_site(*site), c.known) << c.text;
        EXPECT_EQ(endpoint_of(*site).url(), "https://api." + c.site);
    }
}

struct Refusal {
    std::string text;
    std::string reason;
};

TEST(Site, IsRefusedWithAHint) {
    const std::vector<Refusal> cases = {
        {"", "\"\" is not a Datadog site"},
        {"app.com", "\"app.com\" is not a Datadog site"},
        {"xyzzy", "sites look like datadoghq.com, us5.datadoghq.com or datadoghq.eu"},
        {"https://app.datadoghq.eu/dashboard/lists", "did you mean datadoghq.eu?"},
        {"127.0.0.1", "an address or a gateway's URL goes in --datadog.base-url"},
        {"datadoghq.com:443", "an address or a gateway's URL goes in --datadog.base-url"},
        {"data dog.com", "is not a Datadog site"},
        {"-datadoghq.com", "is not a Datadog site"},
        {"datadoghq..com", "is not a Datadog site"},
        {"datadoghq.com.", "is not a Datadog site"},
        {"datadoghq.com\r\nHost: x.y", "is not a Datadog site"},
    };
    for (const Refusal& c : cases) {
        const auto site = parse_site(c.text);
        ASSERT_FALSE(site) << c.text;
        EXPECT_NE(site.error().find(c.reason), std::string::npos) << site.error();
        EXPECT_EQ(site.error().find('\n'), std::string::npos) << site.error();
    }
}

TEST(Site, IsRefusedWithTheNearestDatadogSite) {
    const std::vector<Refusal> cases = {
        {"datadohq.com", "did you mean datadoghq.com?"},
        {"app.datadohq.com", "did you mean datadoghq.com?"},
        {"https://app.datadohq.eu/dashboard/lists", "did you mean datadoghq.eu?"},
        {"datadog.com", "did you mean datadoghq.com?"},
        {"us5.datadog.com", "did you mean us5.datadoghq.com?"},
        {"us5datadoghq.com", "did you mean us5.datadoghq.com?"},
        {"us5-datadoghq.com", "did you mean us5.datadoghq.com?"},
        {"datadoghq.con", "did you mean datadoghq.com?"},
        {"datadoghq.com.", "did you mean datadoghq.com?"},
        {"ddog-gov.co", "did you mean ddog-gov.com?"},
        {"us5", "did you mean us5.datadoghq.com?"},
        {"US3", "did you mean us3.datadoghq.com?"},
        {"EU", "did you mean datadoghq.eu?"},
        {"eu1", "did you mean datadoghq.eu?"},
        {"US", "did you mean datadoghq.com?"},
        {"us1", "did you mean datadoghq.com?"},
        {"ap1", "did you mean ap1.datadoghq.com?"},
        {"uk1", "did you mean uk1.datadoghq.com?"},
        {"US1-FED", "did you mean ddog-gov.com?"},
        {"us2-fed", "did you mean us2.ddog-gov.com?"},
        {"gov", "did you mean ddog-gov.com?"},
        {"datadoghq", "did you mean datadoghq.com?"},
        {"example.com",
         "keys are sent only to datadoghq.com, datadoghq.eu, ddog-gov.com and their subdomains;"},
        {"evildatadoghq.com.example", "a gateway's URL goes in --datadog.base-url"},
        {"datadoghq.com.example.net", "(keys are sent only to datadoghq.com,"},
        {"notdatadoghq.com", "(keys are sent only to datadoghq.com,"},
    };
    for (const Refusal& c : cases) {
        const auto site = parse_site(c.text);
        ASSERT_FALSE(site) << c.text;
        EXPECT_NE(site.error().find("is not a Datadog site"), std::string::npos) << site.error();
        EXPECT_NE(site.error().find(c.reason), std::string::npos) << site.error();
    }
    EXPECT_EQ(parse_site("example.com").error().find("did you mean"), std::string::npos);
}

TEST(Site, ErrorNamesThePasteMistake) {
    const std::vector<Refusal> cases = {
        {"\xef\xbb\xbf"
         "datadoghq.eu",
         "\"\\ufeffdatadoghq.eu\" begins with a byte order mark"},
        {"\"datadoghq.eu\"", "begins or ends with a quotation mark"},
        {"\u201cdatadoghq.eu\u201d", "begins or ends with a quotation mark"},
        {"DD_SITE=datadoghq.eu", "has a name before the value"},
        {"site: datadoghq.eu", "has a name before the value"},
        {"<site>", "is a placeholder"},
        {"${DD_SITE}", "is a placeholder"},
        {"{{ .Values.site }}", "is a placeholder"},
    };
    for (const Refusal& c : cases) {
        const auto site = parse_site(c.text);
        ASSERT_FALSE(site) << c.text;
        EXPECT_NE(site.error().find(c.reason), std::string::npos) << site.error();
    }
}

struct UrlCase {
    std::string text;
    Endpoint endpoint;
    std::string url;
};

TEST(BaseUrl, IsSchemeHostAndPort) {
    const std::vector<UrlCase> cases = {
        {"https://api.datadoghq.eu", {true, "api.datadoghq.eu", 443}, "https://api.datadoghq.eu"},
        {"https://api.datadoghq.eu/", {true, "api.datadoghq.eu", 443}, "https://api.datadoghq.eu"},
        {"HTTPS://API.datadoghq.eu", {true, "api.datadoghq.eu", 443}, "https://api.datadoghq.eu"},
        {"https://proxy:8443", {true, "proxy", 8443}, "https://proxy:8443"},
        {"https://10.0.0.1:443", {true, "10.0.0.1", 443}, "https://10.0.0.1"},
        {"https://[2001:db8::1]", {true, "2001:db8::1", 443}, "https://[2001:db8::1]"},
        {"http://localhost:8126", {false, "localhost", 8126}, "http://localhost:8126"},
        {"http://127.0.0.1:8126", {false, "127.0.0.1", 8126}, "http://127.0.0.1:8126"},
        {"http://127.9.9.9", {false, "127.9.9.9", 80}, "http://127.9.9.9"},
        {"http://[::1]:8126", {false, "::1", 8126}, "http://[::1]:8126"},
        {"http://[::ffff:127.0.0.1]:8126",
         {false, "::ffff:127.0.0.1", 8126},
         "http://[::ffff:127.0.0.1]:8126"},
    };
    for (const UrlCase& c : cases) {
        const auto endpoint = parse_base_url(c.text);
        ASSERT_TRUE(endpoint) << c.text << ": " << endpoint.error();
        EXPECT_EQ(*endpoint, c.endpoint) << c.text;
        EXPECT_EQ(endpoint->url(), c.url);
    }
}

TEST(BaseUrl, IsRefusedWithTheReason) {
    const std::vector<Refusal> cases = {
        {"", "does not begin with https:// or http://"},
        {"api.datadoghq.eu", "does not begin with https:// or http://"},
        {"\"https://api.datadoghq.eu\"", "begins or ends with a quotation mark"},
        {"\xef\xbb\xbfhttps://api.datadoghq.eu", "begins with a byte order mark"},
        {"BASE_URL=https://api.datadoghq.eu", "has a name before the value"},
        {"${BASE_URL}", "is a placeholder"},
        {"ftp://api.datadoghq.eu", "does not begin with https:// or http://"},
        {"https://", "the host is neither a host name nor an address"},
        {"https:///", "the host is neither a host name nor an address"},
        {"https://api.datadoghq.eu/api/v2", "it has a user, a path, a query or a fragment"},
        {"https://api.datadoghq.eu?x=y", "it has a user, a path, a query or a fragment"},
        {"https://api.datadoghq.eu/#x", "it has a user, a path, a query or a fragment"},
        {"https://needle:needle@api.datadoghq.eu", "it has a user, a path, a query or a fragment"},
        {"https://api.datadoghq.eu:", "a port is a number from 0 to 65535"},
        {"https://api.datadoghq.eu:65536", "a port is a number from 0 to 65535"},
        {"https://api.datadoghq.eu:-1", "a port is a number from 0 to 65535"},
        {"https://api.datadoghq.eu:0", "nothing can connect to port 0"},
        {"https://::1", "an IPv6 address goes in brackets"},
        {"https://[::1", "an IPv6 address goes in brackets"},
        {"https://[127.0.0.1]", "an IPv6 address goes in brackets"},
        {"https://[::1]8080", "an IPv6 address goes in brackets"},
        {"https://a b", "the host is neither a host name"},
        {"https://a\r\nb", "the host is neither a host name"},
    };
    for (const Refusal& c : cases) {
        const auto endpoint = parse_base_url(c.text);
        ASSERT_FALSE(endpoint) << c.text;
        EXPECT_NE(endpoint.error().find(c.reason), std::string::npos) << endpoint.error();
        EXPECT_EQ(endpoint.error().find("needle"), std::string::npos) << endpoint.error();
        EXPECT_EQ(endpoint.error().find('\n'), std::string::npos) << endpoint.error();
    }
}

TEST(BaseUrl, MustBeHttpsUnlessLocalOrAllowed) {
    for (const std::string url :
         {"http://api.datadoghq.com", "http://10.0.0.1", "http://128.0.0.1", "http://[2001:db8::1]",
          "http://[::ffff:10.0.0.1]", "http://127.0.0.1.example.com", "http://localhost.example.com"}) {
        const std::string flag = "--datadog.base-url=" + url;
        EXPECT_THAT(mistakes_of({flag}), testing::ElementsAre(testing::HasSubstr(
                                             "would send the credentials unencrypted; write https://, or "
                                             "allow it with --datadog.allow-insecure-http")));
        EXPECT_EQ(loaded({flag, "--datadog.allow-insecure-http"}).organizations.at(0).endpoint.url(), url);
    }
}

}  // namespace
}  // namespace exporter::config
