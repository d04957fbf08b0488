#include "app/organization_monitor.h"

#include "base/dates.h"

#include <fmt/chrono.h>
#include <fmt/ranges.h>

#include <numeric>
#include <optional>
#include <utility>

namespace exporter::app {

namespace {

std::optional<inventory::DetailRules> detail_rules(const config::Config& config) {
    if (config.mode == config::Mode::list) {
        return inventory::DetailRules{.findings = inventory::findings_named(config.list.reasons),
                                      .limit = config.poll.max_tokens,
                                      .with_scopes = true};
    }
    if (config.tokens.detail == config::Detail::none) {
        return std::nullopt;
    }
    inventory::DetailRules rules{.limit = config.tokens.detail_limit};
    if (config.tokens.detail == config::Detail::findings) {
        rules.findings.set();
    }
    return rules;
}

bool lists_everything(const config::Organization& organization) {
    return organization.filter.empty() && organization.owned_by.empty();
}

inventory::Rules rules_of(const config::Organization& organization, const config::Config& config,
                          const Source& source, const state::StateKeeper* states) {
    return {.expiry = inventory::BucketScheme::expiry(config.buckets.expiry),
            .last_used = inventory::BucketScheme::last_used(config.buckets.last_used),
            .age = inventory::BucketScheme::age(config.buckets.age),
            .scope_limit = config.scopes.limit,
            .max_scopes = config.poll.max_scopes,
            .privileged_scopes = {config.scopes.privileged.begin(), config.scopes.privileged.end()},
            .policy = policy_of(config.policy),
            .detail = detail_rules(config),
            .lists_everything = lists_everything(organization),
            .census_key = states != nullptr ? states->hash_key() : base::process_hash_key(),
            .is_own_token = [&source](std::string_view listed) { return source.is_own_token(listed); }};
}

scan::PollerOptions poller_options(const config::Config& config, const Schedule& schedule) {
    return {.scan = {.page_size = config.poll.page_size,
                     .concurrency = config.poll.concurrency,
                     .max_tokens = config.poll.max_tokens},
            .interval = config.poll.interval,
            .timeout = config.poll.timeout,
            .stale_after = config.poll.stale_after,
            .first_poll = schedule.first_poll,
            .phase = schedule.phase,
            .rate_limit_reserve = static_cast<int>(config.poll.rate_limit_reserve)};
}

/// The order in the configuration has no meaning.
std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
}

/// Equal for two configurations that list the same tokens.
std::string listing_of(const config::Organization& organization, const config::Config& config) {
    // Texts are quoted and escaped, so that different fields never give the same text.
    return fmt::format("{:?} {} {} {:?} {}", organization.endpoint.url(), config.demo.tokens,
                       config.demo.seed, organization.filter, sorted(organization.owned_by));
}

}  // namespace

bool lists_the_same(const config::Organization& left, const config::Config& left_config,
                    const config::Organization& right, const config::Config& right_config) {
    return left_config.demo.enabled == right_config.demo.enabled &&
           listing_of(left, left_config) == listing_of(right, right_config);
}

inventory::Policy policy_of(const config::Policy& policy) {
    return {.max_lifetime = policy.max_lifetime,
            .max_idle = policy.max_idle,
            .expiry_notice = policy.expiry_notice,
            .active_within = policy.active_within,
            .short_lived = policy.short_lived};
}

std::string fingerprint_of(const config::Organization& organization, const config::Config& config) {
    return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", listing_of(organization, config),
                       config.buckets.expiry, config.buckets.last_used, config.buckets.age,
                       config.scopes.limit, sorted(config.scopes.privileged), config.policy.max_lifetime,
                       config.policy.max_idle, config.policy.expiry_notice, config.policy.active_within,
                       config.policy.short_lived, static_cast<int>(config.tokens.detail),
                       config.tokens.detail_limit);
}

OrganizationMonitor::OrganizationMonitor(const config::Organization& organization,
                                         const config::Config& config, const Surroundings& surroundings,
                                         std::function<void()> on_change, Schedule schedule)
    : name_(organization.name),
      url_(organization.endpoint.url()),
      lists_everything_(lists_everything(organization)),
      surroundings_(surroundings),
      log_(surroundings.log),
      on_change_(std::move(on_change)),
      settings_(settings_of(organization, config, surroundings, schedule)),
      poller_(settings_->poller, surroundings.clock, surroundings.randomness, *this),
      statistics_(poller_.statistics()) {
    const auto earlier = surroundings_.states != nullptr ? surroundings_.states->state_of(name_) : nullptr;
    if (earlier && earlier->fingerprint == settings_->fingerprint) {
        restore(*earlier);
    }
}

std::unique_ptr<OrganizationMonitor::Settings> OrganizationMonitor::settings_of(
    const config::Organization& organization, const config::Config& config, const Surroundings& surroundings,
    Schedule schedule) {
    auto source = make_source(organization, config, surroundings.commons);
    auto rules = rules_of(organization, config, *source, surroundings.states);
    return std::make_unique<Settings>(Settings{.interval = config.poll.interval,
                                               .stale_after = config.poll.stale_after,
                                               .fingerprint = fingerprint_of(organization, config),
                                               .source = std::move(source),
                                               .rules = std::move(rules),
                                               .poller = poller_options(config, schedule)});
}

void OrganizationMonitor::reconfigure(const config::Organization& organization, const config::Config& config,
                                      Schedule schedule, bool poll_now) {
    auto settings = settings_of(organization, config, surroundings_, schedule);
    const std::lock_guard lock(mutex_);
    next_settings_.swap(settings);  // The replaced settings are freed after the lock.
    next_poll_is_due_ = next_poll_is_due_ || poll_now;
}

std::optional<scan::PollerChange> OrganizationMonitor::take_change() {
    std::unique_ptr<Settings> before;  // Freed after releasing the lock.
    bool poll_now = false;
    {
        const std::lock_guard lock(mutex_);
        if (!next_settings_) {
            return std::nullopt;
        }
        before = std::exchange(settings_, std::move(next_settings_));
        poll_now = std::exchange(next_poll_is_due_, false);
    }
    if (settings_->fingerprint != before->fingerprint) {
        census_.reset();
        shown_ = {};
        told_omitted_ = false;
    }
    return scan::PollerChange{settings_->poller, poll_now};
}

void OrganizationMonitor::cancel() {
    const std::lock_guard lock(mutex_);
    settings_->source->cancel();
    if (next_settings_) {
        next_settings_->source->cancel();
    }
}

void OrganizationMonitor::restore(const state::OrganizationState& earlier) {
    census_ = earlier.census;  // Churn continues from it, however old it is.
    const auto age = surroundings_.clock.now() - earlier.listing.as_of;
    const bool believable = age >= age.zero() && age < settings_->stale_after;
    if (believable) {
        poller_.restore(earlier.listing);
        inventory_ = earlier.inventory;
        shown_ = inventory_->shown;
        statistics_ = poller_.statistics();
    }
    log_.info(believable ? "showing the inventory restored from the state file"
                         : "the inventory in the state file is too old to show",
              {{"org", name_},
               {"as_of", base::format_rfc3339(earlier.listing.as_of)},
               {"tokens", earlier.listing.tokens}});
}

void OrganizationMonitor::begin(base::Timestamp now) {
    builder_ = std::make_unique<inventory::InventoryBuilder>(settings_->rules, now, census_, shown_);
}

bool OrganizationMonitor::add(const datadog::Token& token) {
    return builder_->add(token);
}

void OrganizationMonitor::finish() {
    finished_ = std::move(builder_);
}

void OrganizationMonitor::publish(const scan::Listing& listing) {
    auto built = std::move(*finished_).build(listing.complete, listing.began);
    census_ = std::move(built.census);
    fresh_ = std::make_shared<const inventory::Inventory>(std::move(built.inventory));
    shown_ = fresh_->shown;
    if (surroundings_.states != nullptr) {
        surroundings_.states->update({name_, settings_->fingerprint, listing, fresh_, census_});
    }
}

void OrganizationMonitor::poll_finished(const scan::Statistics& statistics) {
    settings_->source->release();
    builder_.reset();
    finished_.reset();
    const std::shared_ptr<const inventory::Inventory> fresh = std::exchange(fresh_, nullptr);
    const bool succeeded = !statistics.last_error;
    const std::uint64_t failures_before = statistics_.failures_in_a_row;
    {
        auto shown = fresh;  // The replaced value is freed after the lock.
        const std::lock_guard lock(mutex_);
        statistics_ = statistics;
        if (succeeded) {
            inventory_.swap(shown);
        }
    }
    on_change_();
    log_credentials();
    log_slowness(statistics);
    if (succeeded) {
        log_success(statistics, failures_before);
        log_findings(statistics, *fresh);
    } else {
        log_failure(statistics);
    }
    surroundings_.memory->poll_ended(statistics.response_bytes -
                                     std::exchange(response_bytes_, statistics.response_bytes));
}

void OrganizationMonitor::became_stale(const scan::Statistics& statistics) {
    log_.warn("inventory is stale and no longer shown",
              {{"org", name_},
               {"last_success",
                statistics.last_success ? base::format_rfc3339(*statistics.last_success) : "never"}});
    {
        const std::lock_guard lock(mutex_);
        inventory_.reset();
    }
    on_change_();
}

void OrganizationMonitor::log_credentials() {
    const std::string problem = settings_->source->credentials_problem();
    if (std::exchange(told_credentials_problem_, problem) == problem) {
        return;
    }
    if (problem.empty()) {
        log_.info("the credentials can be read again", {{"org", name_}});
    } else {
        log_.warn("the credentials can't be read; keeping the previous credentials",
                  {{"org", name_}, {"error", problem}});
    }
}

void OrganizationMonitor::log_slowness(const scan::Statistics& statistics) {
    const bool slow = !statistics.last_error && statistics.last_duration > settings_->interval;
    if (slow && !told_slow_) {
        log_.warn("a poll takes longer than the interval, so that polls follow one another without a pause",
                  {{"org", name_},
                   {"duration_seconds", statistics.last_duration.count()},
                   {"interval_seconds", std::chrono::duration<double>(settings_->interval).count()},
                   {"pages", statistics.last_pages},
                   {"hint", "raise poll.interval, or poll.page-size where it is below 100"}});
    }
    told_slow_ = slow;
}

void OrganizationMonitor::log_success(const scan::Statistics& statistics, std::uint64_t failures_before) {
    told_failures_.reset();
    if (failures_before > 0) {
        log_.info("polls succeed again", {{"org", name_}, {"failures", failures_before}});
    }
    log_.info("poll finished", {{"org", name_},
                                {"tokens", statistics.listing->tokens},
                                {"complete", statistics.listing->complete},
                                {"pages", statistics.last_pages},
                                {"duration_seconds", statistics.last_duration.count()}});
}

void OrganizationMonitor::log_failure(const scan::Statistics& statistics) {
    const datadog::Error& error = *statistics.last_error;
    const auto kind = static_cast<std::size_t>(error.kind);
    if (told_failures_.test(kind)) {
        log_.debug("poll failed again", {{"org", name_},
                                         {"reason", datadog::label(error.kind)},
                                         {"error", error.message},
                                         {"failures", statistics.failures_in_a_row}});
        return;
    }
    told_failures_.set(kind);
    log_.error(inventory_ ? "poll failed; the last good numbers stay until they are stale"
                          : "poll failed; there are no numbers to show",
               {{"org", name_},
                {"reason", datadog::label(error.kind)},
                {"error", error.message},
                {"hint", datadog::advice(error)},
                {"duration_seconds", statistics.last_duration.count()}});
}

void OrganizationMonitor::log_findings(const scan::Statistics& statistics,
                                       const inventory::Inventory& inventory) {
    const scan::Listing& listing = *statistics.listing;
    if (!listing.complete && std::exchange(last_complete_, false)) {
        log_.warn(
            "the listing contradicts itself and is published as incomplete",
            {{"org", name_},
             {"tokens", listing.tokens},
             {"reported", listing.reported_tokens ? fmt::format("{}", *listing.reported_tokens) : "nothing"},
             {"duplicates", listing.duplicates}});
    } else if (listing.complete && !std::exchange(last_complete_, true)) {
        log_.info("the listing is complete again", {{"org", name_}});
    }

    const auto unparsed =
        std::accumulate(statistics.unparsed.begin(), statistics.unparsed.end(), std::uint64_t{0});
    if (unparsed > 0 && !std::exchange(told_unparsed_, true)) {
        log_.warn("fields of the answer could not be read; see datadog_access_token_unparsed_fields_total",
                  {{"org", name_}, {"fields", unparsed}});
    }

    if (inventory.single_owner.value_or(false) && !std::exchange(told_single_owner_, true)) {
        log_.warn(
            "all tokens have one owner: credentials with user_app_keys alone list only their own tokens; "
            "org_app_keys_read lists all",
            {{"org", name_}, {"tokens", inventory.tokens}});
    }
    if (inventory.details_omitted.value_or(0) > 0 && !std::exchange(told_omitted_, true)) {
        log_.warn("more tokens than tokens.detail-limit; the worst have series of their own",
                  {{"org", name_}, {"omitted", *inventory.details_omitted}});
    }
}

metrics::Snapshot OrganizationMonitor::snapshot() const {
    const std::lock_guard lock(mutex_);
    return {name_, inventory_, statistics_};
}

web::OrganizationStatus OrganizationMonitor::status() const {
    const std::lock_guard lock(mutex_);
    return {name_, url_, !lists_everything_, moving(), inventory_, statistics_};
}

}  // namespace exporter::app
