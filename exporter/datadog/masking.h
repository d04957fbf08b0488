// Credentials kept out of texts that others wrote.
#pragma once

#include "config/credentials.h"

#include <string>

namespace exporter::datadog {

/// Replaces by `<secret>` every run of 8 or more characters of `text` that is also part of one of the
/// credentials: a text cut in the middle of an echoed credential still gives nothing away that would help to
/// guess it.
void mask_secrets(std::string& text, const config::Credentials& credentials);

}  // namespace exporter::datadog
