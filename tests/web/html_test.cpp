#include "web/html.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::web {
namespace {

TEST(EscapeHtml, ReplacesSpecialCharacters) {
    EXPECT_EQ(escape_html(R"(<b a="x" b='y'>&amp;)"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(EscapeHtml, LeavesOtherTextAlone) {
    EXPECT_EQ(escape_html("größer 1/2 (ok)"), "größer 1/2 (ok)");
    EXPECT_EQ(escape_html(""), "");
}

TEST(Html, EscapesTextAndNotMarkupOfItsOwn) {
    const std::string hostile = "<i>{}</i>";
    const Html inner = html("<b>{}</b>", hostile);
    EXPECT_EQ(html("<p title=\"{}\">{} {}</p>", std::string_view("\""), inner, 5).str(),
              "<p title=\"&quot;\"><b>&lt;i&gt;{}&lt;/i&gt;</b> 5</p>");
}

}  // namespace
}  // namespace exporter::web
