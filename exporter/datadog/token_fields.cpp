#include "datadog/token_fields.h"

#include "base/dates.h"

namespace exporter::datadog {

namespace {

TokenType token_type(std::string_view type) {
    if (type == "personal_access_tokens") {
        return TokenType::personal;
    }
    return type == "service_access_tokens" ? TokenType::service : TokenType::other;
}

/// Datadog writes `users` in the plural and `service_account` in the singular; either number is taken for
/// both.
OwnerType owner_type(std::string_view type) {
    if (type == "users" || type == "user") {
        return OwnerType::user;
    }
    return type == "service_account" || type == "service_accounts" ? OwnerType::service_account
                                                                   : OwnerType::other;
}

/// What programs write where there is no date: the zero of their time. That of Go, .NET and Java is in year
/// 1, and an offset may carry it over an edge of that year, into the last hours of year 0; that of C is the
/// epoch. Other dates that can't be right either stay what they say.
bool is_placeholder(base::Timestamp moment) {
    constexpr base::Timestamp year_two = std::chrono::sys_days(std::chrono::year(2) / 1 / 1);
    constexpr base::Timestamp epoch{};
    return moment < year_two || moment == epoch;
}

}  // namespace

void TokenFields::begin() {
    token_ = Token{};
    scopes_.clear();
}

const Token* TokenFields::end() {
    if (!token_.scopes_readable) {
        count(Field::scopes);
    }
    if (token_.id.empty()) {
        count(Field::token);
        return nullptr;
    }
    token_.scopes = scopes_;
    return &token_;
}

void TokenFields::scalar(Place place, Member member, const Scalar& value) {
    switch (place) {
        case Place::token:
            token_member(member, value);
            break;
        case Place::attributes:
            attribute(member, value);
            break;
        case Place::scopes:
            scope(value);
            break;
        case Place::relationships:
            if (!value.is_null()) {
                unreadable_member(place, member);
            }
            break;
        case Place::owned_by:
            if (member == Member::data && !value.is_null()) {
                count(Field::owned_by);
            }
            break;
        case Place::owner:
            owner_member(member, value);
            break;
        case Place::leak_information:
            if (member == Member::data && value.is_null()) {
                token_.leak = Leak::none;
            } else if (member == Member::data) {
                count(Field::leak_information);
            }
            break;
        default:
            break;
    }
}

void TokenFields::container(Place place, Member member, Shape shape) {
    switch (place) {
        case Place::leak_information:
            if (member == Member::data && shape == Shape::object) {
                token_.leak = Leak::leaked;
            } else if (member == Member::data) {
                count(Field::leak_information);
            }
            break;
        case Place::scopes:
            token_.scopes_readable = false;
            break;
        case Place::token:
            unreadable_part(member);
            break;
        default:
            unreadable_member(place, member);
            break;
    }
}

void TokenFields::token_member(Member member, const Scalar& value) {
    if (member == Member::id) {
        token_.id = value.is_text() ? value.text : std::string_view();
    } else if (member == Member::type) {
        if (value.is_text()) {
            token_.type = token_type(value.text);
        } else if (!value.is_null()) {
            count(Field::type);
        }
    } else if (!value.is_null()) {
        unreadable_part(member);
    }
}

void TokenFields::attribute(Member member, const Scalar& value) {
    switch (member) {
        case Member::name:
            text(value, token_.name, Field::name);
            break;
        case Member::public_portion:
            text(value, token_.public_portion, Field::public_portion);
            break;
        case Member::created_at:
            date(value, token_.created_at, Field::created_at);
            break;
        case Member::expires_at:
            date(value, token_.expires_at, Field::expires_at);
            break;
        case Member::last_used_at:
            date(value, token_.last_used_at, Field::last_used_at);
            break;
        case Member::modified_at:
            date(value, token_.modified_at, Field::modified_at);
            break;
        case Member::scopes:
            if (!value.is_null()) {
                token_.scopes_readable = false;
            }
            break;
        default:
            break;
    }
}

void TokenFields::scope(const Scalar& value) {
    if (value.is_text() && !value.text.empty()) {
        scopes_.push_back(value.text);
    } else {
        token_.scopes_readable = false;
    }
}

void TokenFields::owner_member(Member member, const Scalar& value) {
    if (member == Member::id) {
        text(value, token_.owner_id, Field::owned_by);
    } else if (member == Member::type) {
        if (value.is_text()) {
            token_.owner_type = owner_type(value.text);
        } else if (!value.is_null()) {
            count(Field::owned_by);
        }
    }
}

/// The member is known, but what stands there is of the wrong kind.
void TokenFields::unreadable_member(Place place, Member member) {
    switch (member) {
        case Member::type:
            count(place == Place::owner ? Field::owned_by : Field::type);
            break;
        case Member::name:
            count(Field::name);
            break;
        case Member::public_portion:
            count(Field::public_portion);
            break;
        case Member::scopes:
            token_.scopes_readable = false;
            break;
        case Member::created_at:
            unreadable_date(token_.created_at, Field::created_at);
            break;
        case Member::expires_at:
            unreadable_date(token_.expires_at, Field::expires_at);
            break;
        case Member::last_used_at:
            unreadable_date(token_.last_used_at, Field::last_used_at);
            break;
        case Member::modified_at:
            unreadable_date(token_.modified_at, Field::modified_at);
            break;
        case Member::owned_by:
            count(Field::owned_by);
            break;
        case Member::data:
        case Member::id:
            if (place == Place::owned_by || place == Place::owner) {
                count(Field::owned_by);
            }
            break;
        case Member::leak_information:
            count(Field::leak_information);
            break;
        default:
            break;
    }
}

void TokenFields::unreadable_part(Member member) {
    switch (member) {
        case Member::type:
            count(Field::type);
            break;
        case Member::attributes:
            unreadable_date(token_.created_at, Field::created_at);
            unreadable_date(token_.expires_at, Field::expires_at);
            unreadable_date(token_.last_used_at, Field::last_used_at);
            token_.scopes_readable = false;
            break;
        case Member::relationships:
            count(Field::owned_by);
            break;
        default:
            break;
    }
}

void TokenFields::text(const Scalar& value, std::string_view& target, Field field) {
    if (value.is_text()) {
        target = value.text;
    } else if (!value.is_null()) {
        count(field);
    }
}

void TokenFields::date(const Scalar& value, Date& target, Field field) {
    if (value.is_null()) {
        target = Date::none();
        return;
    }
    const auto moment = value.is_text() ? base::parse_rfc3339(value.text) : std::nullopt;
    if (!moment) {
        unreadable_date(target, field);
    } else if (is_placeholder(*moment)) {
        target = Date::none();
        count(field);
    } else {
        target = Date::at(*moment);
    }
}

void TokenFields::unreadable_date(Date& target, Field field) {
    target = Date::unreadable();
    count(field);
}

}  // namespace exporter::datadog
