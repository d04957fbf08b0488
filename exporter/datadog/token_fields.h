// One token of a page, put together member by member. Knows what each field may look like; where the reader
// is, and what is skipped, is the page parser's affair.
#pragma once

#include "datadog/page_structure.h"
#include "datadog/token.h"

#include <string_view>
#include <vector>

namespace exporter::datadog {

class TokenFields {
  public:
    enum class Shape : std::uint8_t { object, array };

    /// @param unparsed counts the fields that are there and can't be read; must outlive this object
    explicit TokenFields(FieldCounts& unparsed) : unparsed_(unparsed) {}

    void begin();
    /// An owner is named, of a type still to be told.
    void begin_owner() { token_.owner_type = OwnerType::other; }
    /// A list of scopes begins; of two lists the last counts.
    void begin_scopes() { scopes_.clear(); }

    /// A member of the token, or of one of its parts, that is no container.
    void scalar(Place place, Member member, const Scalar& value);
    /// An object or an array where none is looked into: unknown and of no interest, or in the place of a
    /// known field.
    void container(Place place, Member member, Shape shape);

    /// The whole token, valid until the next `begin`; nullptr, and counted, when it has no id.
    [[nodiscard]] const Token* end();

  private:
    void token_member(Member member, const Scalar& value);
    void attribute(Member member, const Scalar& value);
    void scope(const Scalar& value);
    void owner_member(Member member, const Scalar& value);
    void unreadable_member(Place place, Member member);
    /// A part of the token is of the wrong kind. Of what it would have said nothing is known.
    void unreadable_part(Member member);
    void text(const Scalar& value, std::string_view& target, Field field);
    /// A placeholder for "no date" is none, but counted: the API writes null there.
    void date(const Scalar& value, Date& target, Field field);
    void unreadable_date(Date& target, Field field);
    void count(Field field) { ++unparsed_[static_cast<std::size_t>(field)]; }

    FieldCounts& unparsed_;
    Token token_;
    std::vector<std::string_view> scopes_;
};

}  // namespace exporter::datadog
