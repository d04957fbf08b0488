#include "inventory/label_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace exporter::inventory {
namespace {

const std::string bad = "\xEF\xBF\xBD";

struct Case {
    std::string name;
    std::string text;
    std::string label;
};

class LabelText : public testing::TestWithParam<Case> {};

TEST_P(LabelText, IsHarmless) {
    EXPECT_EQ(label_text(GetParam().text), GetParam().label);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, LabelText,
    testing::Values(
        Case{"Plain", "dashboards_read", "dashboards_read"}, Case{"Empty", "", ""},
        Case{"Quotes", "a\"b\\c", "a\"b\\c"},
        Case{"NonLatin", "\xE3\x83\x88 \xC3\xA9", "\xE3\x83\x88 \xC3\xA9"},
        Case{"Emoji", "\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91"}, Case{"LineBreak", "a\nb", "a" + bad + "b"},
        Case{"Nul", std::string("a\0b", 3), "a" + bad + "b"}, Case{"Escape", "\x1B[31m", bad + "[31m"},
        Case{"Delete", "\x7F", bad}, Case{"C1Control", "\xC2\x85", bad},
        Case{"RightToLeftOverride",
             "\xE2\x80\xAE"
             "abc",
             bad + "abc"},
        Case{"Isolate", "\xE2\x81\xA6", bad}, Case{"ArabicLetterMark", "\xD8\x9C", bad},
        Case{"LineSeparator", "\xE2\x80\xA8", bad}, Case{"LoneContinuation", "a\x80z", "a" + bad + "z"},
        Case{"TruncatedSequence", "\xE3\x83", bad + bad}, Case{"Overlong", "\xC0\xAF", bad + bad},
        Case{"OverlongThree", "\xE0\x80\xAF", bad + bad + bad},
        Case{"Surrogate", "\xED\xA0\x80", bad + bad + bad},
        Case{"TheHighestCodePoint", "a\xF4\x8F\xBF\xBFz", "a\xF4\x8F\xBF\xBFz"},
        Case{"BeyondUnicode", "\xF4\x90\x80\x80", bad + bad + bad + bad}, Case{"NoLead", "\xFF", bad}),
    [](const auto& test) { return test.param.name; });

TEST(LabelText, IsCutAtACharactersEdge) {
    EXPECT_EQ(label_text(std::string(200, 'x')), std::string(200, 'x'));
    EXPECT_EQ(label_text(std::string(201, 'x')), std::string(197, 'x') + "\xE2\x80\xA6");

    std::string accents;
    for (int i = 0; i < 300; ++i) {
        accents += "\xC3\xA9";
    }
    const std::string cut = label_text(accents);
    EXPECT_EQ(cut.size(), 199U);
    EXPECT_EQ(cut, accents.substr(0, 196) + "\xE2\x80\xA6");
}

TEST(LabelText, IsIdempotent) {
    for (const auto& text :
         {std::string("a\nb"), std::string(500, 'y'), std::string("\xFF\xFE"), std::string(5000, '\xC3')}) {
        const std::string once = label_text(text);
        EXPECT_EQ(label_text(once), once);
        EXPECT_LE(once.size(), max_label_bytes);
    }
}

TEST(IdLabel, LeavesOrdinaryIdsUnchanged) {
    for (const std::string_view id : {"0c4c9e2e-0000-4000-8000-000000000001", "a", "", "\xC3\xA9"}) {
        EXPECT_EQ(id_label(id), id);
    }
}

TEST(IdLabel, DistinguishesIdsThatSanitizeAlike) {
    const std::vector<std::string> alike = {"a\x01",
                                            "a\x02",
                                            "a\xFF",
                                            std::string(300, 'B'),
                                            std::string(301, 'B'),
                                            std::string(299, 'B') + "C",
                                            std::string(300, '\xC3')};
    std::set<std::string> labels;
    for (const std::string& id : alike) {
        const std::string label = id_label(id);
        labels.insert(label);
        EXPECT_EQ(label_text(label), label) << "valid, printable and short enough";
    }
    EXPECT_EQ(labels.size(), alike.size());
}

}  // namespace
}  // namespace exporter::inventory
