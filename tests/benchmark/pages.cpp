#include "pages.h"

#include "demo/listing_json.h"
#include "demo/organization.h"

#include <chrono>

namespace exporter::comparison {

void for_each_page(std::size_t tokens, std::size_t page_size,
                   const std::function<void(std::string page)>& take) {
    demo::OrganizationOptions options;
    options.tokens = tokens;
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    demo::SimulatedOrganization organization(options, now);
    demo::ListingStyle style;
    style.total_json = std::to_string(tokens);
    demo::Query query;
    query.sort = "created_at";
    query.page_size = page_size;
    for (std::size_t left = tokens + 1; left > 0;) {
        const auto slice = organization.list(query);
        take(demo::listing_json(slice, style));
        left = slice.tokens.empty() ? 0 : left - slice.tokens.size();
        ++query.page_number;
    }
}

}  // namespace exporter::comparison
