// For any names of tokens, scopes and owners: a strict parser of both formats, written from their grammars,
// finds exactly the labels that were put in, with each series once. The text is valid UTF-8, has bounded
// lines and no control characters. Escaping alone preserves every byte of any label. The compressed body
// decompresses to the same text.
#include "inventory/builder.h"
#include "inventory/label_text.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "require.h"
#include "support/exposition.h"
#include "support/gzip.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace exporter;
using Labels = std::map<std::string, std::string>;

struct Series {
    std::string family;
    Labels labels;

    auto operator<=>(const Series&) const = default;
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Parses a whole exposition and fails on anything outside the grammar.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/, "Text-based format", and
/// https://prometheus.io/docs/specs/om/open_metrics_spec/, "ABNF". Accepts spaces and commas only as the
/// exporter writes them.
class StrictReader {
  public:
    StrictReader(std::string_view text, metrics::Format format) : rest_(text), format_(format) {}

    std::vector<Series> read() {
        while (!at_end()) {
            read_family();
        }
        expect(is_openmetrics() ? "# EOF\n" : "");
        require(rest_.empty());
        return std::move(series_);
    }

  private:
    [[nodiscard]] bool is_openmetrics() const { return format_ == metrics::Format::openmetrics; }

    [[nodiscard]] bool at_end() const { return is_openmetrics() ? rest_ == "# EOF\n" : rest_.empty(); }

    /// Reads HELP, TYPE, UNIT and the samples, which must be contiguous: no family may appear twice.
    void read_family() {
        expect("# HELP ");
        const std::string family = metric_name();
        require(families_.insert(family).second);
        expect(" ");
        read_help();
        expect("# TYPE " + family + " ");
        const std::string type = metric_name();
        require(type == "counter" || type == "gauge" || (is_openmetrics() && type == "info"));
        expect("\n");
        if (is_openmetrics() && family.ends_with("_seconds")) {
            expect("# UNIT " + family + " seconds\n");
        }
        while (!rest_.empty() && rest_.front() != '#') {
            read_sample(family + (is_openmetrics() ? suffix_of(type) : ""));
        }
    }

    static std::string suffix_of(const std::string& type) {
        return type == "counter" ? "_total" : type == "info" ? "_info" : "";
    }

    void read_sample(const std::string& name) {
        Series series{metric_name(), {}};
        require(series.family == name);
        if (rest_.starts_with('{')) {
            series.labels = read_labels();
        }
        expect(" ");
        read_value();
        expect("\n");
        require(distinct_.insert(series).second);
        series_.push_back(std::move(series));
    }

    Labels read_labels() {
        Labels labels;
        std::string_view before = "{";
        while (!rest_.starts_with('}')) {
            expect(before);
            before = ",";
            const std::string name = label_name();
            expect("=\"");
            require(labels.emplace(name, label_value()).second);
        }
        expect("}");
        require(!labels.empty());
        return labels;
    }

    /// Starts after the opening quote and consumes the closing one.
    std::string label_value() {
        std::string value;
        for (char c = take(); c != '"'; c = take()) {
            require(c != '\n');
            value.push_back(c == '\\' ? escaped(true) : c);
        }
        return value;
    }

    void read_help() {
        for (char c = take(); c != '\n'; c = take()) {
            if (c == '\\') {
                escaped(is_openmetrics());
            }
        }
    }

    /// Starts after the backslash.
    char escaped(bool may_be_quote) {
        const char c = take();
        require(c == '\\' || c == 'n' || (c == '"' && may_be_quote));
        return c == 'n' ? '\n' : c;
    }

    /// Accepts what Go's ParseFloat does: a decimal number, an infinity or NaN.
    void read_value() {
        const std::string text(rest_.substr(0, rest_.find_first_of(" \n")));
        rest_.remove_prefix(text.size());
        if (text == "+Inf" || text == "-Inf" || text == "NaN" || (text == "Nan" && !is_openmetrics())) {
            return;
        }
        require(!text.empty() && text.find_first_not_of("0123456789+-.e") == std::string::npos);
        char* end = nullptr;
        (void)std::strtod(text.c_str(), &end);
        require(end == text.c_str() + text.size());
    }

    std::string metric_name() {
        std::string name;
        while (!rest_.empty() && (is_letter(rest_.front()) || rest_.front() == ':' ||
                                  (!name.empty() && is_digit(rest_.front())))) {
            name.push_back(take());
        }
        require(!name.empty());
        return name;
    }

    std::string label_name() {
        const std::string name = metric_name();
        require(name.find(':') == std::string::npos && !name.starts_with("__"));
        return name;
    }

    char take() {
        require(!rest_.empty());
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    void expect(std::string_view text) {
        require(rest_.starts_with(text));
        rest_.remove_prefix(text.size());
    }

    std::string_view rest_;
    metrics::Format format_;
    std::set<std::string> families_;
    std::set<Series> distinct_;
    std::vector<Series> series_;
};

/// Decodes every character bit by bit, and requires the shortest form (RFC 3629).
std::vector<std::uint32_t> decoded_utf8(std::string_view text) {
    std::vector<std::uint32_t> characters;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&text](std::size_t at) -> std::uint32_t {
            require(at < text.size());
            return static_cast<unsigned char>(text[at]);
        };
        const std::uint32_t lead = byte(i++);
        std::uint32_t character = lead;
        std::uint32_t least = 0;
        std::size_t more = 0;
        if (lead >= 0x80) {
            const bool two = lead >> 5U == 0b110;
            const bool three = lead >> 4U == 0b1110;
            require(two || three || lead >> 3U == 0b11110);
            more = two ? 1 : three ? 2 : 3;
            least = two ? 0x80 : three ? 0x800 : 0x10000;
            character = lead & (two ? 0x1FU : three ? 0x0FU : 0x07U);
        }
        for (; more > 0; --more) {
            const std::uint32_t next = byte(i++);
            require(next >> 6U == 0b10);
            character = character << 6U | (next & 0x3FU);
        }
        require(character >= least && character <= 0x10FFFF);
        require(character < 0xD800 || character > 0xDFFF);
        characters.push_back(character);
    }
    return characters;
}

void check_characters(std::string_view text) {
    // Six labels of untrusted text, fully escaped, and the text around them.
    constexpr std::size_t longest_line = 6 * 2 * inventory::max_label_bytes + 400;
    require(text.empty() || text.back() == '\n');
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        require(end - begin <= longest_line);
        begin = end + 1;
    }
    for (const std::uint32_t character : decoded_utf8(text)) {
        require(character == '\n' || (character >= 0x20 && character != 0x7F));
        require(character < 0x80 || character > 0x9F);
        require(character != 0x2028 && character != 0x2029);
    }
}

/// Calls `check` with the complete scraped body in each format, after checking that both encodings give the
/// same body.
template <class Check>
void check_bodies(const metrics::Exposition& exposition, const std::vector<prometheus::MetricFamily>& live,
                  const Check& check) {
    for (const metrics::Format format : metrics::formats) {
        const auto joined = [&](metrics::Encoding encoding) {
            const metrics::Body body = exposition.body(metrics::render(live, format), format, encoding);
            return *body.head + body.tail;
        };
        const std::string text = joined(metrics::Encoding::identity);
        require(support::gunzip(joined(metrics::Encoding::gzip)) == text);
        check(text, format);
    }
}

/// Bytes that were not cleaned must survive escaping and parsing.
void check_escaping(const std::string& first, const std::string& second, const std::string& third) {
    const metrics::ExporterStatus exporter = {first, second, third, 0, {}, {}};
    static const auto nothing = testing::exposition_of([](metrics::Format) { return std::string(); });
    check_bodies(*nothing, {metrics::families_of(exporter).front()},  // build info
                 [&](const std::string& text, metrics::Format format) {
                     const std::vector<Series> series = StrictReader(text, format).read();
                     require(series.size() == 1);
                     require(series.front().labels ==
                             Labels{{"version", first}, {"revision", second}, {"compiler", third}});
                 });
}

/// A token with arbitrary bytes as its names.
struct Named {
    std::string id;
    std::string name;
    std::string owner;
    std::vector<std::string> scopes;
    datadog::Date created_at;
};

using Listing = std::vector<Named>;

Listing take_listing(FuzzedDataProvider& values) {
    constexpr std::size_t most_tokens = 4;
    constexpr std::size_t most_scopes = 4;
    const auto take_text = [&values] { return values.ConsumeRandomLengthString(); };
    Listing listing;
    // Per-token series are told apart by token ID. Datadog's are UUIDs, which cleaning doesn't change.
    std::set<std::string> ids;
    while (values.remaining_bytes() > 0 && listing.size() < most_tokens) {
        Named token;
        token.id = take_text();
        token.name = take_text();
        token.owner = take_text();
        const auto scopes = values.ConsumeIntegralInRange<std::size_t>(0, most_scopes);
        for (std::size_t i = 0; i < scopes; ++i) {
            // The page parser never returns an empty scope.
            if (std::string scope = take_text(); !scope.empty()) {
                token.scopes.push_back(std::move(scope));
            }
        }
        token.created_at =
            datadog::Date::at(base::Timestamp(std::chrono::seconds(values.ConsumeIntegral<std::uint32_t>())));
        if (!token.id.empty() && ids.insert(token.id).second) {
            listing.push_back(std::move(token));
        }
    }
    return listing;
}

constexpr base::Timestamp now(std::chrono::seconds(1'767'225'600));

/// The findings of a token that never expires, was never used and has no privileged scope.
std::vector<std::string> findings_of(const Named& token) {
    std::vector<std::string> reasons = {"never_expires"};
    if (token.scopes.empty()) {
        reasons.emplace_back("unscoped");
    }
    if (now - *token.created_at.moment() > std::chrono::days(90)) {
        reasons.emplace_back("unused");
    }
    return reasons;
}

inventory::Inventory inventory_of(const Listing& listing) {
    using inventory::BucketScheme;
    const std::vector<base::Duration> bounds = {std::chrono::hours(24)};
    const inventory::Rules rules = {.expiry = BucketScheme::expiry(bounds),
                                    .last_used = BucketScheme::last_used(bounds),
                                    .age = BucketScheme::age(bounds),
                                    .detail = inventory::DetailRules{},
                                    .is_own_token = {}};
    inventory::InventoryBuilder builder(rules, now, nullptr);
    for (const Named& named : listing) {
        const std::vector<std::string_view> scopes(named.scopes.begin(), named.scopes.end());
        datadog::Token token;
        token.id = named.id;
        token.name = named.name;
        token.owner_id = named.owner;
        token.created_at = named.created_at;
        token.scopes = scopes;
        (void)builder.add(token);
    }
    return std::move(builder).build(true, now).inventory;
}

/// The families that have a label controlled from outside, other than `org`. The others have far more series,
/// and nothing in them depends on the input.
std::vector<prometheus::MetricFamily> untrusted_families(const metrics::Snapshot& snapshot) {
    std::vector<prometheus::MetricFamily> families;
    for (const metrics::Metric& metric : metrics::catalog()) {
        const auto has_label = [&](std::string_view label) {
            return std::ranges::find(metric.labels, label) != metric.labels.end();
        };
        if (has_label("token_name") || has_label("scope")) {
            families.push_back(metrics::family_of(metric, snapshot));
        }
    }
    return families;
}

void check_listing(const std::string& org, const Listing& listing) {
    using inventory::label_text;
    const auto families = untrusted_families(
        {.org = org, .inventory = std::make_shared<const inventory::Inventory>(inventory_of(listing))});

    std::set<Series> expected;
    for (const Named& token : listing) {
        const auto add = [&](const std::string& name, Labels labels) {
            labels.insert({{"token_id", inventory::id_label(token.id)},
                           {"token_name", label_text(token.name)},
                           {"token_type", "other"},
                           {"owner_type", "unknown"},
                           {"owner_id", label_text(token.owner)}});
            expected.insert({name, std::move(labels)});
        };
        add("datadog_access_token_created_timestamp_seconds", {{"org", org}});
        for (const std::string& reason : findings_of(token)) {
            add("datadog_access_token_finding", {{"org", org}, {"reason", reason}});
        }
        for (const std::string& scope : token.scopes) {
            expected.insert({"datadog_access_token_scope_grants",
                             {{"org", org},
                              {"scope", label_text(scope)},
                              {"token_type", "other"},
                              {"owner_type", "unknown"},
                              {"expiry_bucket", "never"}}});
        }
    }
    const auto exposition = testing::exposition_of(
        [&families](metrics::Format format) { return metrics::render(families, format); });
    check_bodies(*exposition, {}, [&](const std::string& text, metrics::Format format) {
        check_characters(text);
        const std::vector<Series> series = StrictReader(text, format).read();
        require(std::set<Series>(series.begin(), series.end()) == expected);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider values(data, size);
    const std::string org = values.ConsumeRandomLengthString();
    const std::string second = values.ConsumeRandomLengthString();
    const std::string third = values.ConsumeRandomLengthString();
    check_escaping(org, second, third);
    // The configuration accepts only names that cleaning doesn't change.
    check_listing(inventory::label_text(org), take_listing(values));
    return 0;
}
