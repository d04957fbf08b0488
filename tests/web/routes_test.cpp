#include "web/routes.h"

#include "support/exposition.h"
#include "support/gzip.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace exporter::web {
namespace {

class Routes : public ::testing::Test {
  protected:
    Routes() {
        store_.publish(testing::exposition_of(
            [](metrics::Format format) { return std::string(name_of(format)) + " 1\n"; }));
    }

    [[nodiscard]] http::Handler handler() {
        return make_handler({telemetry_path_, &store_, [this] { return alive_; }, [this] { return ready_; },
                             [] { return std::string("<!DOCTYPE html>"); },
                             [] { return std::string("poll: {interval: 5m}\n"); }});
    }

    [[nodiscard]] http::Response get(std::string_view path, std::string_view accept_encoding = {},
                                     std::string_view accept = {}) {
        return handler()({"GET", std::string(path), std::string(accept), std::string(accept_encoding)});
    }

    std::string telemetry_path_ = "/metrics";
    bool alive_ = true;
    bool ready_ = true;

  private:
    static std::string_view name_of(metrics::Format format) {
        return format == metrics::Format::text ? "text" : "openmetrics";
    }

    metrics::ExpositionStore store_{[](metrics::Format) { return std::string("live 1\n"); }};
};

std::string body_of(const http::Response& response) {
    return (response.shared_body ? *response.shared_body : std::string()) + response.own_body;
}

std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return "(none)";
}

TEST_F(Routes, MetricsArePlainTextByDefault) {
    const auto response = get("/metrics");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(body_of(response), "text 1\nlive 1\n");
    EXPECT_EQ(header(response, "Content-Encoding"), "(none)");
    EXPECT_EQ(header(response, "Vary"), "Accept, Accept-Encoding");
}

TEST_F(Routes, MetricsAreCompressedIfAccepted) {
    const auto response = get("/metrics", "gzip");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
    EXPECT_EQ(header(response, "Vary"), "Accept, Accept-Encoding");
    EXPECT_EQ(support::gunzip(body_of(response)), "text 1\nlive 1\n");
}

TEST_F(Routes, MetricsAreOpenMetricsIfPreferred) {
    constexpr std::string_view accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    const auto response = get("/metrics", {}, accept);
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(body_of(response), "openmetrics 1\nlive 1\n# EOF\n");
    EXPECT_EQ(header(response, "Vary"), "Accept, Accept-Encoding");
    const auto compressed = get("/metrics", "gzip", accept);
    EXPECT_EQ(compressed.content_type, response.content_type);
    EXPECT_EQ(support::gunzip(body_of(compressed)), body_of(response));
}

TEST_F(Routes, MetricsAreTextIfNeitherFormatIsAccepted) {
    EXPECT_EQ(get("/metrics", {}, "image/png").content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(Routes, MetricsShareTheStoredBody) {
    EXPECT_EQ(get("/metrics", "gzip").shared_body, get("/metrics", "gzip").shared_body);
}

TEST_F(Routes, MetricsFollowTheTelemetryPath) {
    telemetry_path_ = "/tokens";
    EXPECT_EQ(get("/tokens").status, 200U);
    EXPECT_EQ(get("/metrics").status, 404U);
}

TEST_F(Routes, MetricsMayTakeTheRoot) {
    telemetry_path_ = "/";
    EXPECT_EQ(body_of(get("/")), "text 1\nlive 1\n");
}

TEST_F(Routes, HealthIsOkWhileAlive) {
    for (const auto* path : {"/healthz", "/livez"}) {
        const auto response = get(path);
        EXPECT_EQ(response.status, 200U) << path;
        EXPECT_EQ(body_of(response), "ok\n") << path;
    }
}

TEST_F(Routes, HealthIs503WithAReasonWhenNotAlive) {
    alive_ = false;
    for (const auto* path : {"/healthz", "/livez"}) {
        const auto response = get(path);
        EXPECT_EQ(response.status, 503U) << path;
        EXPECT_EQ(body_of(response), "polling is stuck\n") << path;
    }
    EXPECT_EQ(get("/readyz").status, 200U);
}

TEST_F(Routes, ReadinessIs503WithAReasonUntilReady) {
    ready_ = false;
    const auto response = get("/readyz");
    EXPECT_EQ(response.status, 503U);
    EXPECT_EQ(body_of(response), "an organization has not been polled yet\n");
    EXPECT_EQ(get("/healthz").status, 200U);
    ready_ = true;
    EXPECT_EQ(get("/readyz").status, 200U);
}

TEST_F(Routes, RootIsTheStatusPageUnderAStrictPolicy) {
    const auto response = get("/");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(body_of(response), "<!DOCTYPE html>");
    EXPECT_TRUE(header(response, "Content-Security-Policy").starts_with("default-src 'none'; "));
}

TEST_F(Routes, ConfigurationIsPlainText) {
    const auto response = get("/config");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(body_of(response), "poll: {interval: 5m}\n");
}

TEST_F(Routes, ElsewhereIs404) {
    for (const auto* path : {"/nope", "/metrics/", "/Metrics", "//metrics", "/healthz/x", "", "*"}) {
        EXPECT_EQ(get(path).status, 404U) << path;
    }
}

TEST_F(Routes, OtherMethodsGet405WithAnAllowHeader) {
    for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"}) {
        const auto response = handler()({method, "/metrics", {}});
        EXPECT_EQ(response.status, 405U) << method;
        EXPECT_EQ(header(response, "Allow"), "GET, HEAD") << method;
    }
}

TEST_F(Routes, HeadIsAnsweredLikeGet) {
    const auto response = handler()({"HEAD", "/metrics", {}});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(body_of(response), "text 1\nlive 1\n");
}

}  // namespace
}  // namespace exporter::web
