// Organizations as the status page gets them.
#pragma once

#include "web/organization_status.h"

#include <string>

namespace exporter::web {

/// 2026-11-24 19:10:16.5 UTC.
[[nodiscard]] Moment now();

/// 13 tokens in five buckets, personal and service ones.
[[nodiscard]] TokenNumbers sample_numbers();

/// Polled two minutes ago, with `sample_numbers`.
[[nodiscard]] OrganizationStatus healthy(std::string name);
/// Refused with 403 for the third time in a row; never had numbers.
[[nodiscard]] OrganizationStatus forbidden(std::string name);
/// Not polled yet.
[[nodiscard]] OrganizationStatus waiting(std::string name);

}  // namespace exporter::web
