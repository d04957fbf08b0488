#include "datadog/page_structure.h"

#include <utility>

namespace exporter::datadog {

Member member_named(std::string_view name) {
    static constexpr std::pair<std::string_view, Member> members[] = {
        {"attributes", Member::attributes},
        {"created_at", Member::created_at},
        {"data", Member::data},
        {"detail", Member::detail},
        {"errors", Member::errors},
        {"expires_at", Member::expires_at},
        {"id", Member::id},
        {"last_used_at", Member::last_used_at},
        {"leak_information", Member::leak_information},
        {"meta", Member::meta},
        {"modified_at", Member::modified_at},
        {"name", Member::name},
        {"owned_by", Member::owned_by},
        {"page", Member::page},
        {"public_portion", Member::public_portion},
        {"relationships", Member::relationships},
        {"scopes", Member::scopes},
        {"title", Member::title},
        {"total_filtered_count", Member::total_filtered_count},
        {"type", Member::type},
    };
    for (const auto& [text, member] : members) {
        if (text == name) {
            return member;
        }
    }
    return Member::none;
}

}  // namespace exporter::datadog
