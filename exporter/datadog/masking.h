// Credentials kept out of texts that others wrote.
//
// A server, a proxy or a gateway may echo what it was sent in the way it happens to hold it. Masked are a
// secret's characters as they are, in another case, and backwards; its bytes in hexadecimal digits of either
// case and in Base64, plain or for URLs, wherever it begins in what was encoded; each of them also with some
// or all characters percent-encoded or escaped as in JSON or C (`%5f`, `\u005f`, `\x5f`, `\/`), up to three
// times over.
#pragma once

#include "config/credentials.h"
#include "config/endpoint.h"

#include <string>
#include <string_view>

namespace exporter::datadog {

/// Replaces by `<secret>` every run of `text` that stands for 8 or more characters of one of the credentials
/// or of its Base64, or for all of a shorter one: a text cut in the middle of an echo still gives nothing
/// away that would help to guess it.
void mask_secrets(std::string& text, const config::Credentials& credentials);
/// The same for one secret.
void mask_secret(std::string& text, std::string_view secret);
/// The same for what a proxy was told: its password, also as it stands in `Proxy-Authorization`.
void mask_proxy(std::string& text, const config::Proxy& proxy);

}  // namespace exporter::datadog
