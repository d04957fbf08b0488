#include "demo/population.h"

#include "demo/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <tuple>

namespace exporter::demo {
namespace {

using base::Timestamp;
using std::chrono::hours;
using Days = std::chrono::days;
using Microseconds = std::chrono::microseconds;

constexpr double share_of_people = 0.62;

std::string uuid(std::uint64_t stream, std::uint64_t number) {
    const std::uint64_t high = scatter(stream + (number * 0x9e3779b97f4a7c15U));
    const std::uint64_t low = scatter(high ^ stream);
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                       high & 0xfffU, 0x8000U | ((low >> 48U) & 0x3fffU), low & 0xffffffffffffU);
}

/// Cuts `moment` to the digits that the token's dates have.
Timestamp cut(Timestamp moment, const SimulatedToken& token) {
    switch (fraction_digits(token.id)) {
        case 0:
            return std::chrono::floor<std::chrono::seconds>(moment);
        case 3:
            return std::chrono::floor<std::chrono::milliseconds>(moment);
        default:
            return moment;
    }
}

Microseconds part_of(Microseconds whole, double fraction) {
    return Microseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * fraction));
}

/// How often the scopes up to and including each one are drawn: falls like 1/rank, a long tail.
const std::vector<double>& cumulative_scope_weights() {
    static const std::vector<double> weights = [] {
        std::vector<double> sums;
        double sum = 0;
        for (std::size_t rank = 1; rank <= known_scopes.size(); ++rank) {
            sum += 1.0 / static_cast<double>(rank);
            sums.push_back(sum);
        }
        return sums;
    }();
    return weights;
}

std::string_view draw_scope(Random& random) {
    const auto& weights = cumulative_scope_weights();
    const auto found = std::upper_bound(weights.begin(), weights.end(), random.fraction() * weights.back());
    const auto rank = static_cast<std::size_t>(found - weights.begin());
    return known_scopes[std::min(rank, known_scopes.size() - 1)];
}

void grant(std::vector<std::string>& scopes, std::string_view scope) {
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
        scopes.emplace_back(scope);
    }
}

std::optional<Microseconds> draw_lifetime(const SimulatedToken& token, Random& random) {
    static constexpr std::array<int, 6> personal_days = {1, 7, 30, 90, 180, 365};
    static constexpr std::array<int, 4> machine_days = {90, 365, 730, 1095};
    if (token.type == datadog::TokenType::service && random.chance(0.45)) {
        return std::nullopt;
    }
    return Days(token.type == datadog::TokenType::personal ? random.pick(std::span(personal_days))
                                                           : random.pick(std::span(machine_days)));
}

/// When a token was last used that could be for `usable` before `end`: mostly lately, sometimes long ago or
/// never.
std::optional<Timestamp> draw_last_use(Microseconds usable, Timestamp end, Random& random) {
    if (random.chance(0.12)) {
        return std::nullopt;
    }
    const double mean_days = random.chance(0.2) ? 150.0 : 2.0;
    return end - std::min(usable, part_of(Days(1), random.exponential(mean_days)));
}

void set_dates(SimulatedToken& token, Timestamp created, std::optional<Timestamp> expires,
               std::optional<Timestamp> last_used) {
    token.created_at = cut(created, token);
    token.expires_at = expires ? std::optional(cut(*expires, token)) : std::nullopt;
    token.last_used_at = last_used ? std::optional(cut(*last_used, token)) : std::nullopt;
    token.modified_at.reset();
}

// What a security team looks for, one token each.

void make_privileged_for_ever(SimulatedToken& token, Timestamp now) {
    token.type = datadog::TokenType::service;
    token.owner_type = datadog::OwnerType::service_account;
    token.owner_id = uuid(fingerprint(token.id), 0);
    token.public_portion = "ddsat_terraform0";
    token.name = "terraform-platform-admin";
    set_dates(token, now - Days(700), std::nullopt, now - hours(1));
    for (const auto* scope : {"org_management", "user_access_manage", "api_keys_write"}) {
        grant(token.scopes, scope);
    }
}

void make_expired(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(90), now - hours(10), now - hours(12));
}

void make_leaked(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(40), now + Days(50), now - hours(3));
    token.leaked = true;
}

void make_unscoped(SimulatedToken& token, Timestamp /*now*/) {
    token.scopes.clear();
}

void make_idle(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(300), now + Days(60), now - Days(200));
}

void make_never_used(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(120), now + Days(200), std::nullopt);
}

void make_wide(SimulatedToken& token, Timestamp /*now*/) {
    token.scopes.assign(known_scopes.begin(), known_scopes.begin() + 44);
}

void make_awkward(SimulatedToken& token, Timestamp /*now*/) {
    token.name =
        std::string(awkward_names[0]) + std::string(awkward_names[1]) + std::string(awkward_names[2]);
}

void make_edited(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(30), now + Days(150), now - hours(2));
    token.modified_at = cut(now - Days(3), token);
}

constexpr std::array archetypes = {
    make_privileged_for_ever, make_expired, make_leaked,  make_unscoped, make_idle,
    make_never_used,          make_wide,    make_awkward, make_edited};

}  // namespace

int fraction_digits(std::string_view id) {
    return static_cast<int>(fingerprint(id) % 3) * 3;
}

Population::Population(const OrganizationOptions& options)
    : options_(options), random_(scatter(options.seed)) {}

std::vector<SimulatedToken> Population::initial(Timestamp now) {
    std::vector<SimulatedToken> tokens;
    tokens.reserve(options_.tokens);
    if (options_.tokens > 0) {
        tokens.push_back(own_token(now));
    }
    while (tokens.size() < options_.tokens) {
        tokens.push_back(settled(now));
        const std::size_t index = tokens.size() - 2;
        if (index < archetypes.size()) {
            archetypes.at(index)(tokens.back(), now);
        }
    }
    std::sort(tokens.begin(), tokens.end(), [](const SimulatedToken& left, const SimulatedToken& right) {
        return std::tie(left.created_at, left.id) < std::tie(right.created_at, right.id);
    });
    return tokens;
}

SimulatedToken Population::fresh(Timestamp created_at) {
    SimulatedToken token = random_.chance(share_of_people) ? personal() : machine();
    const auto lifetime = draw_lifetime(token, random_);
    set_dates(token, created_at, lifetime ? std::optional(created_at + *lifetime) : std::nullopt,
              std::nullopt);
    return token;
}

void Population::edit(SimulatedToken& token, Timestamp now) {
    const std::size_t before = token.scopes.size();
    if (before < 2 || random_.chance(0.5)) {
        grant(token.scopes, draw_scope(random_));
    }
    if (token.scopes.size() == before && before > 0) {
        token.scopes.erase(token.scopes.begin() + static_cast<std::ptrdiff_t>(random_.below(before)));
    }
    token.modified_at = cut(now, token);
}

SimulatedToken Population::own_token(Timestamp now) {
    SimulatedToken token;
    token.id = next_id();
    token.name = "datadog_token_exporter";
    token.public_portion = options_.exporter_public_portion;
    token.type = datadog::TokenType::personal;
    token.owner_type = datadog::OwnerType::service_account;
    token.owner_id = uuid(scatter(options_.seed ^ 2U), 0);
    token.scopes = {"org_app_keys_read"};
    set_dates(token, now - Days(30), now + Days(60), now - std::chrono::minutes(5));
    return token;
}

/// A token that has been around for a while.
SimulatedToken Population::settled(Timestamp now) {
    SimulatedToken token = fresh(now);
    const Microseconds lifetime = token.expires_at ? *token.expires_at - token.created_at : Days(1100);
    // One in a hundred has just expired; the organization still lists those for a day or more.
    const bool just_expired = token.expires_at && random_.chance(0.01);
    const Microseconds age = just_expired ? lifetime + part_of(hours(20), random_.fraction())
                                          : part_of(lifetime, random_.fraction());
    const Timestamp created = now - age;
    const auto last_used = draw_last_use(std::min(age, lifetime), std::min(now, created + lifetime), random_);
    set_dates(token, created, token.expires_at ? std::optional(created + lifetime) : std::nullopt, last_used);
    if (random_.chance(0.25)) {
        token.modified_at = cut(created + part_of(age, random_.fraction()), token);
    }
    token.leaked = random_.chance(0.001);
    return token;
}

SimulatedToken Population::personal() {
    const std::size_t people =
        1 + static_cast<std::size_t>(static_cast<double>(options_.tokens) * share_of_people / 3);
    const std::size_t person = random_.below(people);
    SimulatedToken token;
    token.id = next_id();
    token.type = datadog::TokenType::personal;
    token.owner_type = datadog::OwnerType::user;
    token.owner_id = uuid(scatter(options_.seed ^ 1U), person);
    token.name = random_.chance(0.02) ? std::string(random_.pick(std::span(awkward_names)))
                                      : fmt::format("{} {}", first_names[person % first_names.size()],
                                                    random_.pick(std::span(personal_purposes)));
    token.public_portion = public_portion("ddpat_");
    token.scopes = scopes();
    return token;
}

SimulatedToken Population::machine() {
    const std::size_t machines =
        1 + static_cast<std::size_t>(static_cast<double>(options_.tokens) * (1 - share_of_people) / 4);
    SimulatedToken token;
    token.id = next_id();
    // Some service tokens are listed as personal ones, as they once all were.
    token.type = random_.chance(0.05) ? datadog::TokenType::personal : datadog::TokenType::service;
    token.owner_type = datadog::OwnerType::service_account;
    token.owner_id = uuid(scatter(options_.seed ^ 2U), random_.below(machines));
    token.name =
        fmt::format("{}-{}-{}", random_.pick(std::span(teams)), random_.pick(std::span(machine_purposes)),
                    random_.pick(std::span(environments)));
    token.public_portion = public_portion("ddsat_");
    token.scopes = scopes();
    return token;
}

std::string Population::next_id() {
    return uuid(scatter(options_.seed), next_id_++);
}

std::string Population::public_portion(std::string_view prefix) {
    static constexpr std::string_view letters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text(random_.chance(0.05) ? "" : prefix);  // older ones are a bare alias
    for (int position = 0; position < 10; ++position) {
        text += letters[random_.below(letters.size())];
    }
    return text;
}

std::vector<std::string> Population::scopes() {
    std::vector<std::string> granted;
    if (random_.chance(0.01)) {
        return granted;
    }
    if (random_.chance(0.01)) {
        const std::size_t skipped = 1 + random_.below(known_scopes.size() - 40);
        granted.assign(known_scopes.begin() + static_cast<std::ptrdiff_t>(skipped), known_scopes.end());
        return granted;
    }
    const std::size_t count = 1 + static_cast<std::size_t>(12 * std::pow(random_.fraction(), 2.5));
    while (granted.size() < count) {
        grant(granted, draw_scope(random_));
    }
    return granted;
}

}  // namespace exporter::demo
