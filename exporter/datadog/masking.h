// Masks credentials in untrusted texts.
//
// A server, a proxy or a gateway may echo a request in any encoding. This masks a secret's characters
// unchanged, in another case, and reversed; its bytes in hexadecimal digits of either case and in Base64,
// plain or for URLs, at any offset in the encoded text. It also masks each of these with some or all
// characters percent-encoded or escaped as in JSON or C (`%5f`, `\u005f`, `\x5f`, `\/`), up to three times
// over.
#pragma once

#include "config/credentials.h"
#include "config/endpoint.h"

#include <string>
#include <string_view>

namespace exporter::datadog {

/// Replaces with `<secret>` every run of `text` that represents 8 or more characters of a credential or its
/// Base64, or all of a shorter one. Even a string truncated in the middle of an echo therefore reveals
/// nothing useful.
void mask_secrets(std::string& text, const config::Credentials& credentials);
/// The same for one secret.
void mask_secret(std::string& text, std::string_view secret);
/// The same for a proxy's password, also in the form sent in `Proxy-Authorization`.
void mask_proxy(std::string& text, const config::Proxy& proxy);

}  // namespace exporter::datadog
