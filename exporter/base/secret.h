// A credential in memory. It never prints: there is no operator<<, no formatter and no comparison, and the
// only way to the text is `expose()`, which a reviewer can grep for.
#pragma once

#include <string>
#include <string_view>

namespace exporter::base {

/// Owns a credential and overwrites it before the memory is given back.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text);
    Secret(const Secret& other) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    /// The text itself, for the one place that uses it, with a NUL character behind. Valid as long as this
    /// object.
    [[nodiscard]] std::string_view expose() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

  private:
    void wipe() noexcept;

    std::string text_;
};

/// Whether somewhere in the text is what could be a key, a token or a part of one: then a message must not
/// repeat it. Datadog's API keys are 32 hexadecimal digits, its application keys 40; newer ones and access
/// tokens begin with `ddapp_`, `ddpat_` or `ddsat_`.
[[nodiscard]] bool may_hold_a_key(std::string_view text);

}  // namespace exporter::base
