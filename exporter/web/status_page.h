// The page for people at `/`: what is polled, how it went, where the metrics are. Plain HTML and CSS, nothing
// from elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

struct OrganizationStatus {
    std::string name;
    std::string endpoint;
    std::string
        state;  ///< one sentence: "423 tokens as of 2026-01-31T10:00:00Z", "403 from api.datadoghq.eu: …"
    bool healthy = false;
};

struct StatusPage {
    std::string version;
    std::string telemetry_path;
    std::vector<OrganizationStatus> organizations;
};

/// A whole HTML document; every text is escaped.
[[nodiscard]] std::string render(const StatusPage& page);

/// The `Content-Security-Policy` of that document: nothing but its own style sheet, known by its hash.
[[nodiscard]] std::string_view content_security_policy();

[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace exporter::web
