// Builds users from hash strings.
#pragma once

#include "http/authenticator.h"

#include <map>
#include <string>

namespace exporter::http::testing {

[[nodiscard]] inline Users users_of(const std::map<std::string, std::string>& texts) {
    std::map<std::string, BcryptHash> hashes;
    for (const auto& [user, text] : texts) {
        hashes.emplace(user, BcryptHash::parse(text).value());
    }
    return Users(std::move(hashes));
}

}  // namespace exporter::http::testing
