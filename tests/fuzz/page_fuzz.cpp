// For any body from a server: no crash, the result keeps the parser's guarantees, and it depends on the bytes
// alone, not on the previous contents of the page's buffers.
#include "datadog/page.h"
#include "require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace {

using namespace exporter::datadog;

constexpr std::string_view earlier_token =
    R"({"id":"earlier","type":"service_access_tokens","attributes":{"name":"earlier","public_portion":"ddsat_e",)"
    R"("created_at":"2020-02-29T00:00:00Z","expires_at":"x","last_used_at":"2021-01-01T00:00:00Z","scopes":)"
    R"(["earlier_a","earlier_b"]},"relationships":{"owned_by":{"data":{"id":"earlier","type":"users"}}}},)";

/// A listing longer than `size` bytes that ends in a token, which a parser reading past its end would find.
std::string_view listing_longer_than(std::size_t size) {
    static const std::string_view opening = R"({"meta":{"page":{"total_filtered_count":7}},"data":[)";
    static std::string listing;
    listing = opening;
    do {
        listing += earlier_token;
    } while (listing.size() <= size);
    listing.back() = ']';
    listing += '}';
    return listing;
}

void fill(Page& page, std::string_view text) {
    page.body.assign(text.begin(), text.end());
    page.body.push_back('\0');
}

bool same_token(const Token& left, const Token& right) {
    return left.id == right.id && left.name == right.name && left.public_portion == right.public_portion &&
           left.owner_id == right.owner_id && left.type == right.type &&
           left.owner_type == right.owner_type && left.leak == right.leak &&
           left.created_at == right.created_at && left.expires_at == right.expires_at &&
           left.last_used_at == right.last_used_at && left.modified_at == right.modified_at &&
           std::ranges::equal(left.scopes, right.scopes) && left.scopes_readable == right.scopes_readable;
}

bool same_facts(const PageFacts& left, const PageFacts& right) {
    return left.elements == right.elements && left.total_filtered_count == right.total_filtered_count &&
           left.unparsed == right.unparsed;
}

/// Texts must point into the page's own body. Uses std::less, because `<` on unrelated pointers is
/// unspecified.
bool is_backed(std::string_view text, const Page& page) {
    const std::less<> before;
    const char* const begin = page.body.data();
    return text.empty() ||
           (!before(text.data(), begin) && !before(begin + page.body.size(), text.data() + text.size()));
}

void check_promises(const Page& page) {
    std::size_t scopes = 0;
    for (const Token& token : page.tokens) {
        require(!token.id.empty());
        scopes += token.scopes.size();
        for (const std::string_view text : {token.id, token.name, token.public_portion, token.owner_id}) {
            require(is_backed(text, page));
        }
        for (const std::string_view scope : token.scopes) {
            require(!scope.empty() && is_backed(scope, page));
        }
    }
    require(scopes == page.scope_texts.size());
    require(page.tokens.size() <= page.facts.elements);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Page fresh;
    fill(fresh, bytes);
    const auto parsed = parse_page(fresh);

    Page reused;
    fill(reused, listing_longer_than(size));
    require(parse_page(reused).has_value() && !reused.tokens.empty());
    fill(reused, bytes);
    const auto parsed_again = parse_page(reused);

    require(parsed.has_value() == parsed_again.has_value());
    if (parsed) {
        check_promises(fresh);
        check_promises(reused);
        require(same_facts(fresh.facts, reused.facts));
        require(std::ranges::equal(fresh.tokens, reused.tokens, same_token));
    } else {
        require(parsed.error().kind == ErrorKind::not_json || parsed.error().kind == ErrorKind::bad_page);
        require(parsed.error().kind == parsed_again.error().kind);
        require(parsed.error().message == parsed_again.error().message);
    }
    require(error_text(bytes).size() <= 203);
    return 0;
}
