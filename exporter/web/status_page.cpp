#include "web/status_page.h"

#include <fmt/format.h>

#include <iterator>

namespace exporter::web {
namespace {

// A change of one byte changes the hash in content_security_policy(); the test tells the new one.
constexpr std::string_view style = R"(
:root { color-scheme: light dark; --text: #1b1f24; --dim: #57606a; --line: #d0d7de; --back: #ffffff;
        --good: #1a7f37; --bad: #b35900; --link: #0958c7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --dim: #9198a1; --line: #30363d; --back: #0d1117;
          --good: #3fb950; --bad: #f0a13a; --link: #58a6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 48rem; margin: 0 auto; padding: 1.5rem 1rem; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
p { margin: .25rem 0; }
a { color: var(--link); }
ul { margin: 0; padding: 0; list-style: none; }
.links li { display: inline-block; margin: .5rem 1.25rem 0 0; }
.organizations li { padding: .75rem 0 .75rem 1rem; border-left: .25rem solid var(--good); margin: .75rem 0; }
.organizations li.bad { border-color: var(--bad); }
.state { color: var(--good); font-weight: 600; }
.bad .state { color: var(--bad); }
.dim { color: var(--dim); font-size: .9rem; }
)";

std::string_view entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return {};
    }
}

std::string list_of(const std::vector<OrganizationStatus>& organizations) {
    if (organizations.empty()) {
        return "<p>No organization is configured.</p>\n";
    }
    std::string list = "<ul class=\"organizations\">\n";
    for (const auto& organization : organizations) {
        fmt::format_to(std::back_inserter(list),
                       "<li{}><strong>{}</strong> <span class=\"state\">{}</span>\n"
                       "<p>{}</p>\n"
                       "<p class=\"dim\">{}</p></li>\n",
                       organization.healthy ? "" : " class=\"bad\"", escape_html(organization.name),
                       organization.healthy ? "healthy" : "needs attention", escape_html(organization.state),
                       escape_html(organization.endpoint));
    }
    return list + "</ul>\n";
}

}  // namespace

std::string_view content_security_policy() {
    return "default-src 'none'; style-src 'sha256-Ko7z9fEEI8f2UIH6XdPKgAWOSnzwf+NCHru99KMlYUc='; "
           "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
}

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        if (const auto entity = entity_of(c); !entity.empty()) {
            escaped += entity;
        } else {
            escaped += c;
        }
    }
    return escaped;
}

std::string render(const StatusPage& page) {
    return fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Datadog token exporter</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Datadog token exporter</h1>
<p class="dim">Version {version}</p>
<ul class="links">
<li><a href="{telemetry}">Metrics</a></li>
<li><a href="/healthz">Health</a></li>
<li><a href="/readyz">Readiness</a></li>
</ul>
<h2>Organizations</h2>
{organizations}</main>
</body>
</html>
)",
                       fmt::arg("style", style), fmt::arg("version", escape_html(page.version)),
                       fmt::arg("telemetry", escape_html(page.telemetry_path)),
                       fmt::arg("organizations", list_of(page.organizations)));
}

}  // namespace exporter::web
