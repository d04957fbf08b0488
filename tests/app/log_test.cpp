#include "app/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace exporter::app {
namespace {

using config::LogFormat;
using testing::HasSubstr;
using testing::MatchesRegex;

/// The part of a log line that holds the event, without the time, the level and the line's end.
std::string event_of(LogFormat format, std::string_view message, LogFields fields) {
    std::string line;
    Log log({.level = config::LogLevel::info, .format = format}, [&line](std::string text) { line = text; });
    log.info(message, fields);
    const bool json = format == LogFormat::json;
    const std::string level = json ? R"("level":"info",)" : "level=info ";
    const std::string end = json ? "}\n" : "\n";
    const auto begin = line.find(level);
    EXPECT_NE(begin, std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(end)) << line;
    return line.substr(begin + level.size(), line.size() - end.size() - begin - level.size());
}

TEST(LogFormat, LogfmtQuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(
        event_of(LogFormat::logfmt, "poll finished",
                 {{"org", std::string("production")},
                  {"error", std::string("403 from x: \"no\"")},
                  {"tokens", std::uint64_t{412}},
                  {"seconds", 1.5},
                  {"complete", true}}),
        R"(msg="poll finished" org=production error="403 from x: \"no\"" tokens=412 seconds=1.500 complete=true)");
}

TEST(LogFormat, JsonIsMembersOfAnObject) {
    EXPECT_EQ(event_of(LogFormat::json, "poll finished",
                       {{"org", std::string("a b")}, {"pages", std::int64_t{-1}}}),
              R"("msg":"poll finished","org":"a b","pages":-1)");
}

TEST(LogFormat, UntrustedTextNeverBreaksTheLine) {
    const std::string text = "a\nlevel=info msg=forged \x1B[31m \"q\" \\ \xE2\x80\xAE \xFF";
    for (const LogFormat format : {LogFormat::logfmt, LogFormat::json}) {
        const std::string line = event_of(format, text, {{"name", text}});
        for (const char c : line) {
            EXPECT_TRUE(c >= 0x20 && c < 0x7F) << line;
        }
    }
}

TEST(LogFormat, AnEmptyStringIsStillAValue) {
    EXPECT_EQ(event_of(LogFormat::logfmt, "m", {{"error", std::string()}}), R"(msg="m" error="")");
}

std::string logged(const config::Log& options) {
    std::string lines;
    Log log(options, [&lines](const std::string& line) { lines += line; });
    log.debug("below");
    log.warn("above", {{"org", std::string("x")}});
    log.flush();
    return lines;
}

TEST(Log, WritesOneLineForEachEventOfItsLevel) {
    EXPECT_THAT(logged({.level = config::LogLevel::info, .format = LogFormat::logfmt}),
                MatchesRegex("ts=[0-9-]+T[0-9:.]+Z level=warning msg=\"above\" org=x\n"));
    EXPECT_THAT(logged({.level = config::LogLevel::debug, .format = LogFormat::logfmt}), HasSubstr("below"));
}

TEST(Log, AJsonLineIsAWholeObject) {
    EXPECT_THAT(
        logged({.level = config::LogLevel::info, .format = LogFormat::json}),
        MatchesRegex(
            ".\"ts\":\"[0-9-]+T[0-9:.]+Z\",\"level\":\"warning\",\"msg\":\"above\",\"org\":\"x\".\n"));
}

}  // namespace
}  // namespace exporter::app
