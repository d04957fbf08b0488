#include "datadog/client.h"

namespace exporter::datadog {

namespace {

bool has_token_prefix(std::string_view text) {
    return text.starts_with("ddpat_") || text.starts_with("ddsat_");
}

}  // namespace

std::optional<std::string> public_portion(const config::Credentials& credentials) {
    const auto& credential = credentials.bearer_token ? credentials.bearer_token : credentials.app_key;
    if (!credential || !has_token_prefix(credential->expose())) {
        return std::nullopt;
    }
    const std::string_view text = credential->expose();
    const auto end_of_alias = text.find('_', text.find('_') + 1);
    if (end_of_alias == std::string_view::npos) {
        return std::nullopt;  // Without a second underscore the rest may be the secret.
    }
    return std::string(text.substr(0, end_of_alias));
}

bool is_own_token(std::string_view own, std::string_view listed) {
    if (own.empty() || listed.empty()) {
        return false;
    }
    return own == listed || own.substr(own.find('_') + 1) == listed;
}

}  // namespace exporter::datadog
