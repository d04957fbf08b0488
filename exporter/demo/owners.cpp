#include "demo/owners.h"

#include "base/text.h"
#include "demo/organization.h"
#include "demo/vocabulary.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace exporter::demo {
namespace {

/// Random numbers seeded by an id.
Random chance_of(std::string_view id) {
    return Random(base::parse_number<std::uint32_t>(id.substr(0, 8), 16).value_or(0));
}

/// Capitalizes a word that starts with an ASCII letter, like all names in the vocabulary.
std::string capitalized(std::string_view word) {
    std::string name(word);
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
    return name;
}

}  // namespace

datadog::User person(std::size_t place, std::string_view id) {
    Random random = chance_of(id);
    const std::string_view first = first_names[place % first_names.size()];
    const std::string_view last = random.pick(last_names);
    const std::size_t namesakes = place / first_names.size();
    const std::string email = fmt::format("{}.{}{}@example.com", first.front(), last,
                                          namesakes == 0 ? "" : std::to_string(namesakes + 1));
    datadog::User user{.name = fmt::format("{} {}", capitalized(first), capitalized(last)),
                       .email = email,
                       .handle = email,
                       .disabled = place % 16 == 5};
    if (place % 9 == 4) {
        user.name.clear();
    } else if (place % 40 == 17) {
        user.name = random.pick(awkward_names);
    }
    return user;
}

datadog::User machine(std::string_view id) {
    Random random = chance_of(id);
    const std::string_view team = random.pick(teams);
    const std::string_view purpose = random.pick(machine_purposes);
    return {.name = fmt::format("{}-{}", team, purpose),
            .email = random.chance(0.5) ? fmt::format("{}@serviceaccount.example.com", id) : "",
            .handle = std::string(id),
            .disabled = random.chance(0.03),
            .service_account = true};
}

}  // namespace exporter::demo
