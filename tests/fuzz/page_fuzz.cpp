// Whatever a server sends: no crash, and what comes out keeps the parser's promises.
#include "datadog/page_parser.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace {

void require(bool kept) {
    if (!kept) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::datadog;
    Page page;
    page.body.assign(data, data + size);
    page.body.push_back('\0');
    if (const auto parsed = parse_into(page)) {
        std::size_t scopes = 0;
        for (const Token& token : page.tokens) {
            require(!token.id.empty());
            scopes += token.scopes.size();
        }
        require(scopes == page.scope_texts.size());
        require(page.tokens.size() <= page.facts.elements);
    } else {
        require(parsed.error().kind == ErrorKind::not_json || parsed.error().kind == ErrorKind::bad_page);
    }
    require(error_text({reinterpret_cast<const char*>(data), size}).size() <= 203);
    return 0;
}
