#include "demo/authorization.h"

namespace exporter::demo {

std::string_view header(const RecordedRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

Authorization authorize(const RecordedRequest& request, const SimulatedDatadogOptions& options) {
    constexpr std::string_view scheme = "Bearer ";
    if (const auto authorization = header(request, "authorization"); !authorization.empty()) {
        const bool right =
            authorization.starts_with(scheme) && authorization.substr(scheme.size()) == options.access_token;
        return right ? Authorization::granted : Authorization::wrong;
    }
    const auto application_key = header(request, "dd-application-key");
    if (!application_key.empty() && application_key == options.access_token) {
        return Authorization::granted;
    }
    const auto api_key = header(request, "dd-api-key");
    if (application_key.empty() || api_key.empty()) {
        return Authorization::missing;
    }
    const bool right = api_key == options.api_key && application_key == options.app_key;
    return right ? Authorization::granted : Authorization::wrong;
}

}  // namespace exporter::demo
