#include "faults/fault_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace exporter::faults {

namespace {

std::size_t page_of(std::string_view head) {
    constexpr std::string_view name = "page%5Bnumber%5D=";
    std::size_t page = 0;
    if (const auto at = head.find(name); at != std::string_view::npos) {
        const char* const digits = head.data() + at + name.size();
        std::from_chars(digits, head.data() + head.size(), page);
    }
    return page;
}

}  // namespace

std::string token_json(std::size_t number) {
    return fmt::format(
        R"({{"id":"00000000-0000-0000-0000-{:012}","type":"personal_access_tokens","attributes":)"
        R"({{"name":"token {}","created_at":"2024-01-01T00:00:00Z","expires_at":null,"scopes":["dashboards_read"]}},)"
        R"("relationships":{{"owned_by":{{"data":{{"id":"owner-{}","type":"users"}}}}}}}})",
        number, number, number % 7);
}

std::string page_json(std::size_t first, std::size_t end, std::string_view meta) {
    std::string body = R"({"data":[)";
    for (std::size_t number = first; number < end; ++number) {
        body += (number == first ? "" : ",") + token_json(number);
    }
    return body + "]" + (meta.empty() ? "" : ",") + std::string(meta) + "}";
}

std::string total(std::string_view json) {
    return fmt::format(R"("meta":{{"page":{{"total_filtered_count":{}}}}})", json);
}

std::string healthy_page(std::size_t page) {
    const std::size_t first = std::min(page * page_size, healthy_tokens);
    return page_json(first, std::min(first + page_size, healthy_tokens),
                     total(std::to_string(healthy_tokens)));
}

FaultServer::FaultServer(std::uint16_t port)
    : server_([this](support::RawConnection& connection) { serve(connection); }, {.port = port}) {}

FaultServer::FaultServer(const support::Certificate& certificate, std::uint16_t port)
    : server_(certificate, [this](support::RawConnection& connection) { serve(connection); },
              {.port = port}) {}

void FaultServer::set_fault(Fault fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
    requests_ = 0;
}

std::size_t FaultServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void FaultServer::serve(support::RawConnection& connection) {
    for (;;) {
        Request request;
        request.head = connection.read_head();
        if (request.head.empty()) {
            return;
        }
        request.page = page_of(request.head);
        Fault fault;
        {
            const std::lock_guard lock(mutex_);
            fault = fault_;
            request.number = requests_++;
        }
        const Then then = fault ? fault(connection, request) : Then::answer_well;
        if (then == Then::close ||
            (then == Then::answer_well && !connection.send(response("200 OK", healthy_page(request.page))))) {
            return;
        }
    }
}

}  // namespace exporter::faults
