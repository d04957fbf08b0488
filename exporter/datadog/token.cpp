#include "datadog/token.h"

namespace exporter::datadog {

std::string_view label(TokenType type) {
    switch (type) {
        case TokenType::personal:
            return "personal";
        case TokenType::service:
            return "service";
        case TokenType::other:
            break;
    }
    return "other";
}

std::string_view label(OwnerType type) {
    switch (type) {
        case OwnerType::user:
            return "user";
        case OwnerType::service_account:
            return "service_account";
        case OwnerType::other:
            return "other";
        case OwnerType::unknown:
            break;
    }
    return "unknown";
}

std::string_view label(Field field) {
    static constexpr std::array<std::string_view, field_count> labels = {"token",
                                                                         "type",
                                                                         "name",
                                                                         "public_portion",
                                                                         "scopes",
                                                                         "created_at",
                                                                         "expires_at",
                                                                         "last_used_at",
                                                                         "modified_at",
                                                                         "owned_by",
                                                                         "leak_information",
                                                                         "total_filtered_count"};
    return labels[static_cast<std::size_t>(field)];
}

}  // namespace exporter::datadog
