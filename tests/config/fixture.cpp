#include "config/fixture.h"

#include "http/web_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <fstream>
#include <stdexcept>
#include <system_error>
#include <variant>

namespace exporter::config {
namespace {

void check_web_file(const Web& web, base::MistakeLines& mistakes, std::vector<std::string>& warnings) {
    http::WebFileReading reading =
        http::read_web_file(web.config_file, base::file_reader(), web.world_readable);
    if (!reading.file) {
        mistakes.insert(mistakes.end(), reading.file.error().begin(), reading.file.error().end());
    }
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "config_test_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no scratch directory");
    }
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file.string();
}

Environment keys() {
    return {{"DD_API_KEY", "an-api-key"}, {"DD_APP_KEY", "an-app-key"}};
}

Environment keys_and(const Environment& more) {
    Environment environment = keys();
    environment.insert(more.begin(), more.end());
    return environment;
}

Config loaded(const std::vector<std::string>& arguments, const Environment& environment) {
    const Outcome outcome = load(arguments, environment, "version text", check_web_file);
    if (const auto* config = std::get_if<Config>(&outcome)) {
        return *config;
    }
    if (const auto* mistakes = std::get_if<Mistakes>(&outcome)) {
        for (const std::string& line : mistakes->lines) {
            ADD_FAILURE() << line;
        }
    } else {
        ADD_FAILURE() << "printed information instead of a configuration";
    }
    return {};
}

std::vector<std::string> mistakes_of(const std::vector<std::string>& arguments,
                                     const Environment& environment) {
    const Outcome outcome = load(arguments, environment, "version text", check_web_file);
    const auto* mistakes = std::get_if<Mistakes>(&outcome);
    EXPECT_NE(mistakes, nullptr) << "expected mistakes";
    return mistakes == nullptr ? std::vector<std::string>{} : mistakes->lines;
}

}  // namespace exporter::config
