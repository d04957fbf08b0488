#include "state/codec.h"

#include "inventory/builder.h"
#include "state/fields.h"
#include "state/invariants.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <utility>

namespace exporter::state {

namespace {

/// A line, so that whoever opens the file reads what it is.
constexpr std::string_view magic = "datadog_token_exporter state\n";
constexpr std::size_t checksum_size = 4;
constexpr std::size_t shortest_header_size = magic.size() + 4 + 8 + 8 + checksum_size;

/// As far as it is in the checksum.
constexpr std::size_t checked_header_size(std::uint32_t version) {
    return magic.size() + 4 + 8 + 8 + (version > 1 ? sizeof(datadog::HashKey) : 0);
}

class Text final : public Output {
  public:
    void append(std::string_view bytes) override { text_.append(bytes); }
    void overwrite_start(std::string_view bytes) override { text_.replace(0, bytes.size(), bytes); }
    [[nodiscard]] std::string take() && { return std::move(text_); }

  private:
    std::string text_;
};

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Of two texts in a row, from those of each.
std::uint32_t joined(std::uint32_t first, std::uint32_t second, std::uint64_t second_length) {
    return static_cast<std::uint32_t>(::crc32_combine(first, second, static_cast<z_off_t>(second_length)));
}

struct Header {
    std::uint32_t version = 0;
    std::uint64_t length = 0;  ///< of what follows the header
    Hashing hashing;
    std::uint32_t checksum = 0;
};

/// What it lacks is zero.
Header read_header(std::string_view bytes) {
    Header header;
    Reader reader(bytes.substr(magic.size()));
    reader.fixed(header.version);
    reader.fixed(header.length);
    reader.fixed(header.hashing.check);
    if (header.version > 1) {
        reader.fixed(header.hashing.key.first);
        reader.fixed(header.hashing.key.second);
    }
    reader.fixed(header.checksum);
    return header;
}

/// @param length of what follows
/// @param checksum of what follows
std::string header_text(const Hashing& hashing, std::uint64_t length, std::uint32_t checksum) {
    Text text;
    text.append(magic);
    Writer writer(text);
    writer.fixed(format_version);
    writer.fixed(length);
    writer.fixed(hashing.check);
    writer.fixed(hashing.key.first);
    writer.fixed(hashing.key.second);
    writer.flush();
    std::string head = std::move(text).take();

    Text check;
    Writer check_writer(check);
    check_writer.fixed(
        static_cast<std::uint32_t>(::crc32_combine(crc_of(head), checksum, static_cast<z_off_t>(length))));
    check_writer.flush();
    return head + std::move(check).take();
}

tl::unexpected<std::string> refused(std::string why) {
    return tl::unexpected(std::move(why));
}

void put(Writer& writer, const OrganizationState& state) {
    const auto& [name, fingerprint, listing, inventory, census] = state;
    writer(name, fingerprint, listing, *inventory, census != nullptr);
    if (census) {
        const base::Timestamp began = census->began();
        census_fields(writer, census->entries(), began, census->churn());
        writer(census->is_comparable());
    }
}

std::shared_ptr<OrganizationState> get(Reader& reader, std::uint32_t version) {
    auto inventory = std::make_shared<inventory::Inventory>();
    auto read = std::make_shared<OrganizationState>();
    bool has_census = false;
    reader(read->name, read->fingerprint, read->listing, *inventory, has_census);
    if (has_census) {
        std::vector<inventory::CensusEntry> entries;
        base::Timestamp began;
        inventory::Churn churn;
        census_fields(reader, entries, began, churn);
        if (!in_order(entries)) {
            reader.refuse("a census is not in order");
        }
        bool is_comparable = true;
        if (version > 1) {
            reader(is_comparable);
        }
        if (!is_comparable && !entries.empty()) {
            reader.refuse("a census has tokens that can't be compared");
        }
        using inventory::Census;
        read->census = std::make_shared<const Census>(is_comparable ? Census(std::move(entries), began, churn)
                                                                    : Census::of_churn_alone(began, churn));
    }
    read->inventory = std::move(inventory);
    return read;
}

/// Format 1 hashed without a key: once its counts are checked its tokens are forgotten.
void forget_tokens(OrganizationState& state) {
    if (state.census) {
        state.census = std::make_shared<const inventory::Census>(
            inventory::Census::of_churn_alone(state.census->began(), state.census->churn()));
    }
}

tl::expected<States, std::string> organizations_of(std::string_view bytes, std::uint32_t version) {
    Reader reader(bytes);
    States states;
    while (reader.problem() == nullptr && !reader.at_end()) {
        auto state = get(reader, version);
        if (reader.problem() == nullptr) {
            if (const char* broken = broken_invariant(*state)) {
                reader.refuse(broken);
            }
        }
        if (version == 1) {
            forget_tokens(*state);
        }
        states.push_back(std::move(state));
    }
    if (reader.problem() == nullptr && !names_are_unique(states)) {
        reader.refuse("an organization is there twice");
    }
    if (reader.problem() != nullptr) {
        return refused(fmt::format("it contradicts itself: {}", reader.problem()));
    }
    return states;
}

}  // namespace

std::uint64_t hash_check() {
    using inventory::BucketScheme;
    inventory::Rules rules{.expiry = BucketScheme::expiry({}),
                           .last_used = BucketScheme::last_used({}),
                           .age = BucketScheme::age({}),
                           .privileged_scopes = {},
                           .census_key = {},
                           .is_own_token = {}};
    inventory::InventoryBuilder builder(rules, {}, nullptr);
    // Hash functions treat short and long texts differently.
    constexpr std::array<std::string_view, 3> scopes = {"x", "dashboards_read", "security_monitoring_write"};
    for (const std::string_view id :
         {"7", "00000000-0000-0000-2345-000000000000",
          "an id that is longer than any that was ever seen, and longer than a block of any hash function"}) {
        datadog::Token token;
        token.id = id;
        token.scopes = scopes;
        (void)builder.add(token);
    }
    const auto built = std::move(builder).build(true, {});
    Text text;
    Writer writer(text);
    writer(built.census->entries());
    writer.flush();
    return crc_of(std::move(text).take());
}

void write(const States& states, const Hashing& hashing, Output& output) {
    output.append(header_text(hashing, 0, 0));
    Writer writer(output);
    for (const auto& state : states) {
        put(writer, *state);
    }
    writer.flush();
    output.overwrite_start(header_text(hashing, writer.size(), writer.checksum()));
}

std::string encode(const States& states, const Hashing& hashing) {
    Text text;
    write(states, hashing, text);
    return std::move(text).take();
}

std::string framed(std::string_view organizations, const Hashing& hashing) {
    return header_text(hashing, organizations.size(), crc_of(organizations)).append(organizations);
}

bool looks_like_state(std::string_view bytes) {
    return bytes.substr(0, magic.size()) == magic.substr(0, bytes.size());
}

tl::expected<Stored, std::string> decode(std::string_view bytes, std::uint64_t check) {
    if (!looks_like_state(bytes)) {
        return refused("it is no state file of this program");
    }
    constexpr const char* torn = "it is torn: it ends before it has begun";
    if (bytes.size() < shortest_header_size) {
        return refused(torn);
    }
    const Header read = read_header(bytes);
    const std::size_t checked = checked_header_size(read.version);
    if (bytes.size() < checked + checksum_size) {
        return refused(torn);
    }
    const std::string_view organizations = bytes.substr(checked + checksum_size);
    if (read.version == 0 || read.version > format_version) {
        return refused(fmt::format(
            "it has format {}, written by {} version of this program; this one reads formats 1 to {}",
            read.version, read.version > format_version ? "a newer" : "an older", format_version));
    }
    if (read.length != organizations.size()) {
        return refused(fmt::format("it is torn: it has {} bytes behind its head, and should have {}",
                                   organizations.size(), read.length));
    }
    if (read.checksum !=
        joined(crc_of(bytes.substr(0, checked)), crc_of(organizations), organizations.size())) {
        return refused("it is damaged: its checksum is wrong");
    }
    if (read.version > 1 && read.hashing.check != check) {
        return refused(
            "it was written by a build of this program that hashes otherwise, to which every token is "
            "another");
    }
    return organizations_of(organizations, read.version).map([&read](States states) {
        return Stored{std::move(states), read.version > 1 ? std::optional(read.hashing.key) : std::nullopt};
    });
}

}  // namespace exporter::state
