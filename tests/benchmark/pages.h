// The listing of a simulated organization as its pages, made before anything is measured.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace exporter::comparison {

/// Hands out the pages in order of the tokens' creation, as JSON, the last one included; then, once more, the
/// empty page that follows the end. For the same arguments within one day the same but for the dates, which
/// are counted from this moment. Takes about 1 kB of memory a token meanwhile.
void for_each_page(std::size_t tokens, std::size_t page_size,
                   const std::function<void(std::string page)>& take);

}  // namespace exporter::comparison
