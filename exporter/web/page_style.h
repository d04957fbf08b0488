// How the status page looks, and what a browser may do for it.
#pragma once

#include <string>
#include <string_view>

namespace exporter::web {

/// What stands between `<style>` and `</style>`.
[[nodiscard]] std::string_view style_sheet();

/// The `Content-Security-Policy` of the status page: nothing but its own style sheet, known by its hash, and
/// images that are part of the document (its empty icon, for which a browser would otherwise ask the
/// server).
[[nodiscard]] const std::string& content_security_policy();

}  // namespace exporter::web
