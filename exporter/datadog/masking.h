// Credentials kept out of texts that others wrote.
#pragma once

#include "config/credentials.h"
#include "config/endpoint.h"

#include <string>
#include <string_view>

namespace exporter::datadog {

/// Replaces by `<secret>` every run of 8 or more characters of `text` that is also part of one of the
/// credentials: a text cut in the middle of an echoed credential still gives nothing away that would help to
/// guess it. Base64 of them, as gateways dump headers, is masked as well.
void mask_secrets(std::string& text, const config::Credentials& credentials);
/// The same for one secret.
void mask_secret(std::string& text, std::string_view secret);
/// The same for what a proxy was told: its password, also as it stands in `Proxy-Authorization`.
void mask_proxy(std::string& text, const config::Proxy& proxy);

}  // namespace exporter::datadog
