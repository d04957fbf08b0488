#include "pages.h"

#include "demo/organization.h"
#include "support/listing_json.h"
#include "support/simulated_listing.h"

#include <chrono>

namespace exporter::comparison {

void for_each_page(std::size_t tokens, std::size_t page_size,
                   const std::function<void(std::string page)>& take) {
    demo::OrganizationOptions options;
    options.tokens = tokens;
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    demo::SimulatedOrganization organization(options, now);
    support::cut_dates(organization);
    support::ListingStyle style;
    style.total_json = std::to_string(tokens);
    datadog::PageRequest request{.size = page_size, .sort = "created_at"};
    for (std::size_t left = tokens + 1; left > 0;) {
        const auto slice = support::list(organization, request);
        take(support::listing_json(slice, style));
        left = slice.tokens.empty() ? 0 : left - slice.tokens.size();
        ++request.number;
    }
}

}  // namespace exporter::comparison
