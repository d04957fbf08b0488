#include "config/load.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace exporter::config {
namespace {

const Endpoint datadog = {true, "api.datadoghq.com", 443};

Environment https_proxy(const std::string& value) {
    return {{"HTTPS_PROXY", value}};
}

struct Case {
    std::string value;
    std::string host;
    int port;
    std::string user;
    std::string password;
};

TEST(Proxy, IsReadFromItsVariable) {
    const std::vector<Case> cases = {
        {"http://proxy:3128", "proxy", 3128, "", ""},
        {"http://proxy:3128/", "proxy", 3128, "", ""},
        {"HTTP://proxy", "proxy", 80, "", ""},
        {"proxy:8080", "proxy", 8080, "", ""},
        {" proxy ", "proxy", 80, "", ""},
        {"http://10.0.0.1:1", "10.0.0.1", 1, "", ""},
        {"http://[2001:db8::1]:3128", "2001:db8::1", 3128, "", ""},
        {"http://user:pass@proxy:3128", "proxy", 3128, "user", "pass"},
        {"http://user@proxy:3128", "proxy", 3128, "user", ""},
        {"http://:pass@proxy:3128", "proxy", 3128, "", "pass"},
        {"http://@proxy:3128", "proxy", 3128, "", ""},
        {"http://us%40er:p%3Aa%25ss@proxy:3128", "proxy", 3128, "us@er", "p:a%ss"},
        {"http://user:100%@proxy:3128", "proxy", 3128, "user", "100%"},
        {"http://user:a@b@proxy:3128", "proxy", 3128, "user", "a@b"},
    };
    for (const Case& c : cases) {
        const auto proxy = proxy_for(datadog, https_proxy(c.value));
        ASSERT_TRUE(proxy) << c.value << ": " << proxy.error();
        ASSERT_TRUE(*proxy) << c.value;
        EXPECT_EQ((*proxy)->host, c.host) << c.value;
        EXPECT_EQ((*proxy)->port, c.port) << c.value;
        EXPECT_EQ((*proxy)->user, c.user) << c.value;
        EXPECT_EQ((*proxy)->password.expose(), c.password) << c.value;
    }
}

TEST(Proxy, HasCredentialsWhereThereIsAUserOrAPassword) {
    const auto has_credentials = [](const std::string& url) {
        return (*proxy_for(datadog, https_proxy(url)))->has_credentials();
    };
    EXPECT_TRUE(has_credentials("http://user:pass@proxy:3128"));
    EXPECT_TRUE(has_credentials("http://user@proxy:3128"));
    EXPECT_TRUE(has_credentials("http://:pass@proxy:3128"));
    EXPECT_FALSE(has_credentials("http://proxy:3128"));
    EXPECT_FALSE(has_credentials("http://@proxy:3128"));
}

TEST(Proxy, DependsOnTheScheme) {
    Environment environment = {{"HTTPS_PROXY", "http://for-https:1"},
                               {"HTTP_PROXY", "http://for-http:2"},
                               {"ALL_PROXY", "http://for-all:3"}};
    EXPECT_EQ((*proxy_for(datadog, environment))->host, "for-https");
    EXPECT_EQ((*proxy_for({false, "api.datadoghq.com", 80}, environment))->host, "for-http");
    environment.erase("HTTPS_PROXY");
    EXPECT_EQ((*proxy_for(datadog, environment))->host, "for-all");
    environment.erase("ALL_PROXY");
    EXPECT_FALSE(*proxy_for(datadog, environment));
    EXPECT_FALSE(*proxy_for(datadog, {}));
}

TEST(Proxy, ErrorNamesTheVariableButNotThePassword) {
    for (const std::string value :
         {"https://user:needle@proxy:3128", "socks5://user:needle@proxy:1080", "http://user:needle@proxy:x",
          "http://user:needle@proxy:0", "http://user:needle@", "http://user:needle@a b"}) {
        const auto proxy = proxy_for(datadog, https_proxy(value));
        ASSERT_FALSE(proxy) << value;
        EXPECT_EQ(proxy.error().find("HTTPS_PROXY (https_proxy): "), 0U) << proxy.error();
        EXPECT_EQ(proxy.error().find("needle"), std::string::npos) << proxy.error();
    }
    const auto all = proxy_for(datadog, {{"ALL_PROXY", "socks5://proxy"}});
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().find("ALL_PROXY (all_proxy): only proxies reached over plain http"), 0U)
        << all.error();
}

TEST(Proxy, ErrorNamesThePasteMistake) {
    const std::vector<std::pair<std::string, std::string>> slips = {
        {"\"http://user:needle@proxy:3128\"", "quotation mark"},
        {"'http://proxy:3128'", "quotation mark"},
        {"\"proxy:3128\"", "quotation mark"},
        {"\xef\xbb\xbfhttp://user:needle@proxy:3128", "begins with a byte order mark"},
        {"HTTPS_PROXY=http://user:needle@proxy:3128", "has a name before the value"},
        {"export https_proxy=http://proxy:3128", "has a name before the value"},
        {"${HTTPS_PROXY}", "is a placeholder"},
        {"<proxy>", "is a placeholder"},
        {"{{ needle }}", "is a placeholder"},
    };
    for (const auto& [value, words] : slips) {
        const auto proxy = proxy_for(datadog, https_proxy(value));
        ASSERT_FALSE(proxy) << value;
        EXPECT_EQ(proxy.error().find("HTTPS_PROXY (https_proxy): "), 0U) << proxy.error();
        EXPECT_NE(proxy.error().find(words), std::string::npos) << proxy.error();
        EXPECT_EQ(proxy.error().find("needle"), std::string::npos) << proxy.error();
    }
}

TEST(Proxy, MayHaveAnOddUserOrHost) {
    for (const std::string value : {"token:a@proxy:3128", "http://user:a...b@proxy", "http://user:'a'@proxy",
                                    "key:3128", "http://u:***@proxy"}) {
        EXPECT_TRUE(proxy_for(datadog, https_proxy(value))) << value;
    }
}

TEST(Proxy, IsNeverUsedForThisMachine) {
    for (const std::string host : {"localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_FALSE(*proxy_for({true, host, 443}, https_proxy("http://proxy:3128"))) << host;
    }
    EXPECT_TRUE(*proxy_for({true, "128.0.0.1", 443}, https_proxy("http://proxy:3128")));
}

TEST(Proxy, IsNotCheckedIfUnused) {
    EXPECT_TRUE(proxy_for({true, "localhost", 443}, https_proxy("socks5://proxy")));
    EXPECT_TRUE(proxy_for(datadog, {{"HTTPS_PROXY", "socks5://proxy"}, {"NO_PROXY", "*"}}));
}

struct Exception {
    std::string no_proxy;
    std::string host;
    bool direct;
    int port = 443;
};

TEST(NoProxy, ExceptsHosts) {
    const std::vector<Exception> cases = {
        {"*", "api.datadoghq.com", true},
        {"", "api.datadoghq.com", false},
        {",", "api.datadoghq.com", false},
        {"api.datadoghq.com", "api.datadoghq.com", true},
        {"API.Datadoghq.com", "api.datadoghq.com", true},
        {"datadoghq.com", "api.datadoghq.com", true},
        {"doghq.com", "api.datadoghq.com", false},
        {".datadoghq.com", "api.datadoghq.com", true},
        {".datadoghq.com", "datadoghq.com", false},
        {"*.datadoghq.com", "api.datadoghq.com", true},
        {"*.datadoghq.com", "datadoghq.com", false},
        {"us5.datadoghq.com", "api.datadoghq.com", false},
        {"example.com, datadoghq.com", "api.datadoghq.com", true},
        {"example.com datadoghq.com", "api.datadoghq.com", true},
        {"datadoghq.com:443", "api.datadoghq.com", true},
        {"datadoghq.com:8443", "api.datadoghq.com", false},
        {"datadoghq.com:8443", "api.datadoghq.com", true, 8443},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1:443", "10.0.0.1", true},
        {"10.0.0.1:444", "10.0.0.1", false},
        {"10.0.0.1", "10.0.0.11", false},
        {"10.0.0.0/8", "10.200.3.4", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.128/25", "10.0.0.127", false},
        {"10.0.0.128/25", "10.0.0.128", true},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::ffff:11.1.2.3", false},
        {"::ffff:10.0.0.1", "10.0.0.1", true},
        {"0.0.0.0/0", "192.0.2.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"0.0.0.0/0", "api.datadoghq.com", false},
        {"10.0.0.0/33", "10.0.0.1", false},
        {"10.0.0.0/x", "10.0.0.1", false},
        {"10.0.0.0/", "10.0.0.1", false},
        {"2001:db8::/32", "2001:db8:1::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:0db8::0001", "2001:db8::1", true},
        {"[2001:db8::1]:443", "2001:db8::1", true},
        {"[2001:db8::1]:444", "2001:db8::1", false},
        {"datadoghq.com:x", "api.datadoghq.com", false},
    };
    for (const Exception& c : cases) {
        const auto proxy = proxy_for({true, c.host, c.port},
                                     {{"HTTPS_PROXY", "http://proxy:3128"}, {"NO_PROXY", c.no_proxy}});
        ASSERT_TRUE(proxy) << proxy.error();
        EXPECT_EQ(!proxy->has_value(), c.direct) << c.no_proxy << " for " << c.host << ":" << c.port;
    }
}

}  // namespace
}  // namespace exporter::config
