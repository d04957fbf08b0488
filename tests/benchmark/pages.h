// The listing of a simulated organization as pages, built before the measurement starts.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace exporter::comparison {

/// Calls `take` with each page as JSON: the tokens in order of creation, then the empty page after the last.
/// Calls with the same arguments on the same day give the same pages, except for dates, which are relative to
/// the call. Takes about 1 kB of memory per token while it runs.
void for_each_page(std::size_t tokens, std::size_t page_size,
                   const std::function<void(std::string page)>& take);

}  // namespace exporter::comparison
