// How the server protects what it serves: encryption, passwords, headers and a limit on the rate of requests.
// Immutable; a new one replaces it whole while the server runs.
#pragma once

#include "http/authenticator.h"
#include "http/rate_limiter.h"
#include "http/tls_context.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace exporter::http {

struct Security {
    std::shared_ptr<const TlsContext> tls;         ///< null: plain HTTP
    std::shared_ptr<Authenticator> authenticator;  ///< null: everybody is let in
    std::shared_ptr<RateLimiter> rate_limiter;     ///< null: no limit; used on the server's thread alone
    /// Added to every response that does not have them of its own.
    std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace exporter::http
