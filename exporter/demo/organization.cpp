#include "demo/organization.h"

#include "base/text.h"
#include "demo/owners.h"
#include "demo/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace exporter::demo {
namespace {

using base::Timestamp;
using std::chrono::hours;
using Days = std::chrono::days;
using Microseconds = std::chrono::microseconds;

constexpr double share_of_people = 0.62;

/// Owner id of the privileged token that never expires.
constexpr std::string_view platform_admin = "7e44a0f6-0c1d-4b6b-9d6e-52f1a3c0b8e7";

/// A jump in time with more events than this (a suspended laptop, a test's clock) is cut short.
constexpr int most_events_at_once = 50'000;

Microseconds part_of(Microseconds whole, double fraction) {
    return Microseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * fraction));
}

std::string uuid(Random& random) {
    const std::uint64_t high = random.bits();
    const std::uint64_t low = random.bits();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                       high & 0xfffU, 0x8000U | ((low >> 48U) & 0x3fffU), low & 0xffffffffffffU);
}

/// Owners for a share of the tokens, each with this many.
std::vector<std::string> owners_of(double tokens, double tokens_each, Random& random) {
    std::vector<std::string> owners(1 + static_cast<std::size_t>(tokens / tokens_each));
    std::generate(owners.begin(), owners.end(), [&random] { return uuid(random); });
    return owners;
}

/// Whether a token is no longer listed: one to three days after its expiry, depending on its id.
bool has_left(const SimulatedToken& token, Timestamp now) {
    if (!token.expires_at || now < *token.expires_at + Days(1)) {
        return false;
    }
    const auto random = base::parse_number<std::uint32_t>(std::string_view(token.id).substr(0, 8), 16);
    return now >= *token.expires_at + Days(1) + part_of(Days(2), random.value_or(0) * 0x1p-32);
}

std::string name_of_person(std::size_t person, Random& random) {
    return random.chance(0.02) ? std::string(random.pick(awkward_names))
                               : fmt::format("{} {}", first_names[person % first_names.size()],
                                             random.pick(personal_purposes));
}

std::string name_of_machine(Random& random) {
    const auto team = random.pick(teams);
    const auto purpose = random.pick(machine_purposes);
    return fmt::format("{}-{}-{}", team, purpose, random.pick(environments));
}

std::string draw_public_portion(std::string_view prefix, Random& random) {
    static constexpr std::string_view letters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text(random.chance(0.05) ? "" : prefix);  // older ones are a bare alias
    for (int position = 0; position < 10; ++position) {
        text += letters[random.below(letters.size())];
    }
    return text;
}

/// The probability falls like 1/rank: a long tail.
std::string_view draw_scope(Random& random) {
    const double rank = std::pow(static_cast<double>(known_scopes.size() + 1), random.fraction());
    return known_scopes.at(static_cast<std::size_t>(rank) - 1);
}

void grant(std::vector<std::string_view>& scopes, std::string_view scope) {
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
        scopes.push_back(scope);
    }
}

std::vector<std::string_view> draw_scopes(Random& random) {
    if (random.chance(0.01)) {
        return {};
    }
    if (random.chance(0.01)) {
        const std::size_t skipped = 1 + random.below(known_scopes.size() - 40);
        return {known_scopes.begin() + skipped, known_scopes.end()};
    }
    std::vector<std::string_view> granted;
    const std::size_t count = 1 + static_cast<std::size_t>(12 * std::pow(random.fraction(), 2.5));
    while (granted.size() < count) {
        grant(granted, draw_scope(random));
    }
    return granted;
}

std::optional<Microseconds> draw_lifetime(const SimulatedToken& token, Random& random) {
    static constexpr std::array<int, 6> personal_days = {1, 7, 30, 90, 180, 365};
    static constexpr std::array<int, 4> machine_days = {90, 365, 730, 1095};
    if (token.owner_type == datadog::OwnerType::user) {
        return Days(random.pick(personal_days));
    }
    if (token.type == datadog::TokenType::service && random.chance(0.45)) {
        return std::nullopt;
    }
    return Days(random.pick(machine_days));
}

/// Last use of a token that was usable for `usable` before `end`: usually recent, sometimes long ago or
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
    token.created_at = created;
    token.expires_at = expires;
    token.last_used_at = last_used;
    token.modified_at.reset();
}

void make_privileged_forever(SimulatedToken& token, Timestamp now) {
    token.type = datadog::TokenType::service;
    token.owner_type = datadog::OwnerType::service_account;
    token.owner_id = platform_admin;
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
    token.name = fmt::format("{}{}{}", awkward_names[0], awkward_names[1], awkward_names[2]);
}

void make_edited(SimulatedToken& token, Timestamp now) {
    set_dates(token, now - Days(30), now + Days(150), now - hours(2));
    token.modified_at = now - Days(3);
}

/// What a security team looks for, one token each.
constexpr std::array archetypes = {
    make_privileged_forever, make_expired, make_leaked,  make_unscoped, make_idle,
    make_never_used,         make_wide,    make_awkward, make_edited};

}  // namespace

SimulatedOrganization::SimulatedOrganization(OrganizationOptions options, Timestamp now)
    : options_(std::move(options)), now_(now), random_(options_.seed) {
    const auto size = static_cast<double>(options_.tokens);
    // Drawn separately: their number depends on the size, which must not affect the tokens.
    Random owners(random_.bits());
    people_ = owners_of(size * share_of_people, 3, owners);
    machines_ = owners_of(size * (1 - share_of_people), 4, owners);
    tokens_.reserve(options_.tokens);
    while (tokens_.size() < options_.tokens) {
        const std::size_t number = tokens_.size();
        tokens_.push_back(number == 0 ? own_token(now) : settled_token(now));
        if (number > 0 && number <= archetypes.size()) {
            archetypes.at(number - 1)(tokens_.back(), now);
        }
    }
    std::sort(tokens_.begin(), tokens_.end(), [](const SimulatedToken& left, const SimulatedToken& right) {
        return std::tie(left.created_at, left.id) < std::tie(right.created_at, right.id);
    });
    next_event_ = now + draw_spacing();
}

std::optional<datadog::User> SimulatedOrganization::user_of(std::string_view id) const {
    if (const auto found = std::ranges::find(people_, id); found != people_.end()) {
        return person(static_cast<std::size_t>(found - people_.begin()), id);
    }
    if (id == platform_admin) {
        return datadog::User{
            .name = "platform-terraform", .handle = std::string(id), .service_account = true};
    }
    const bool is_machine = std::ranges::find(machines_, id) != machines_.end();
    return is_machine ? std::optional(machine(id)) : std::nullopt;
}

SimulatedToken SimulatedOrganization::make_token(Timestamp created_at) {
    const bool of_a_person = random_.chance(share_of_people);
    // Datadog originally listed all service tokens as personal ones; some still are.
    const bool personal = of_a_person || random_.chance(0.05);
    const std::vector<std::string>& owners = of_a_person ? people_ : machines_;
    const std::size_t owner = random_.below(owners.size());
    SimulatedToken token{
        .id = uuid(random_),
        .name = of_a_person ? name_of_person(owner, random_) : name_of_machine(random_),
        .public_portion = draw_public_portion(of_a_person ? "ddpat_" : "ddsat_", random_),
        .type = personal ? datadog::TokenType::personal : datadog::TokenType::service,
        .owner_id = owners[owner],
        .owner_type = of_a_person ? datadog::OwnerType::user : datadog::OwnerType::service_account,
        .scopes = draw_scopes(random_),
        .created_at = created_at};
    if (const auto lifetime = draw_lifetime(token, random_)) {
        token.expires_at = created_at + *lifetime;
    }
    return token;
}

SimulatedToken SimulatedOrganization::own_token(Timestamp now) {
    return {.id = uuid(random_),
            .name = "datadog_token_exporter",
            .public_portion = options_.exporter_public_portion,
            .type = datadog::TokenType::personal,
            .owner_id = machines_.front(),
            .owner_type = datadog::OwnerType::service_account,
            .scopes = {"org_app_keys_read"},
            .created_at = now - Days(30),
            .expires_at = now + Days(60),
            .last_used_at = now - std::chrono::minutes(5)};
}

/// A token that has been around for a while.
SimulatedToken SimulatedOrganization::settled_token(Timestamp now) {
    SimulatedToken token = make_token(now);
    const Microseconds lifetime = token.expires_at ? *token.expires_at - token.created_at : Days(1100);
    // One in a hundred has just expired; the organization still lists these for a day or more.
    const bool just_expired = token.expires_at && random_.chance(0.01);
    // A machine's token is replaced two days before it expires, so the demo does not start with an imminent
    // outage.
    const Microseconds service_life =
        token.owner_type == datadog::OwnerType::user ? lifetime : lifetime - Days(2);
    const Microseconds age = just_expired ? lifetime + part_of(hours(20), random_.fraction())
                                          : part_of(service_life, random_.fraction());
    token.created_at -= age;
    if (token.expires_at) {
        *token.expires_at -= age;
    }
    token.last_used_at =
        draw_last_use(std::min(age, lifetime), std::min(now, token.created_at + lifetime), random_);
    if (random_.chance(0.25)) {
        token.modified_at = token.created_at + part_of(age, random_.fraction());
    }
    token.leaked = random_.chance(0.001);
    return token;
}

void SimulatedOrganization::advance(Timestamp now) {
    if (now <= now_) {
        return;
    }
    const auto drop_departed = [this](Timestamp moment) {
        std::erase_if(tokens_, [moment](const auto& token) { return has_left(token, moment); });
    };
    if (options_.mean_time_between_events.count() > 0) {
        for (int events = 0; next_event_ <= now; ++events) {
            if (events == most_events_at_once) {
                next_event_ = now + draw_spacing();
                break;
            }
            drop_departed(next_event_);
            happen(next_event_);
            next_event_ += draw_spacing();
        }
    }
    drop_departed(now);
    now_ = now;
}

void SimulatedOrganization::happen(Timestamp now) {
    const double kind = random_.fraction();
    if (tokens_.empty() || kind < 0.38) {
        create_or_revoke(now);
        return;
    }
    SimulatedToken& token = tokens_[random_.below(tokens_.size())];
    if (token.expires_at && *token.expires_at <= now) {
        return;
    }
    if (kind < 0.5 && !is_own(token)) {
        edit(token, now);
    } else {
        token.last_used_at = now;
    }
}

/// Keeps the population near its initial size.
void SimulatedOrganization::create_or_revoke(Timestamp now) {
    const double creation = tokens_.size() < options_.tokens   ? 0.9
                            : tokens_.size() > options_.tokens ? 0.1
                                                               : 0.5;
    if (tokens_.empty() || random_.chance(creation)) {
        tokens_.push_back(make_token(now));
        return;
    }
    const std::size_t index = random_.below(tokens_.size());
    if (!is_own(tokens_[index])) {
        tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(index));
    }
}

/// Grants the token another scope or removes one.
void SimulatedOrganization::edit(SimulatedToken& token, Timestamp now) {
    const std::size_t before = token.scopes.size();
    if (before < 2 || random_.chance(0.5)) {
        grant(token.scopes, draw_scope(random_));
    }
    if (token.scopes.size() == before && before > 0) {
        token.scopes.erase(token.scopes.begin() + static_cast<std::ptrdiff_t>(random_.below(before)));
    }
    token.modified_at = now;
}

bool SimulatedOrganization::is_own(const SimulatedToken& token) const {
    return token.public_portion == options_.exporter_public_portion;
}

std::chrono::microseconds SimulatedOrganization::draw_spacing() {
    return part_of(options_.mean_time_between_events, random_.exponential(1)) + Microseconds(1);
}

}  // namespace exporter::demo
