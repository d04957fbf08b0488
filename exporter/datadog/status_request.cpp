#include "datadog/status_request.h"

#include "datadog/transport.h"

namespace exporter::datadog {

Result<int> status_of(const StatusRequest& request, std::chrono::milliseconds limit) {
    const TlsContext trust = TlsContext::of_anybody();
    Transport transport({request.endpoint, request.unix_path}, trust);
    Transport::Request get;
    get.target = request.path;
    get.on_head = [](const AnswerHead&) { return false; };
    const auto outcome = transport.get(
        get, {.connect = limit, .silence = limit, .deadline = std::chrono::steady_clock::now() + limit});
    if (!outcome.head) {
        return tl::unexpected(*outcome.failure);
    }
    return outcome.head->status;
}

}  // namespace exporter::datadog
