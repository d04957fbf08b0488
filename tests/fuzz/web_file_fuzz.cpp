// Any `--web.config.file` gives either valid settings, or one-line messages that quote none of its values.
#include "http/web_file.h"
#include "planted_key.h"
#include "require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace exporter::base;
using namespace exporter::http;

/// Only the web file, `crt` and `key` exist.
FileReader disk_with(const std::string& web_file) {
    return [web_file](const std::string& path) -> tl::expected<FileText, std::string> {
        if (path == "/w/web.yml") {
            return FileText{Secret(std::string(web_file)), 0600};
        }
        if (path == "/w/crt") {
            return FileText{Secret(std::string("-----BEGIN CERTIFICATE-----\n")), 0644};
        }
        if (path == "/w/key") {
            return FileText{Secret(std::string("-----BEGIN PRIVATE KEY-----\n")), 0600};
        }
        return tl::unexpected<std::string>("can't be read: No such file or directory");
    };
}

void require_lines_without_key(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        require(!line.empty() && line.find_first_of("\r\n") == std::string::npos);
        require(line.find(planted_key) == std::string::npos);
    }
}

void require_whole(const TlsOptions& tls) {
    require(!tls.certificate.empty() && !tls.key.empty());
    const auto context = TlsContext::make(tls);
    require(!context);  // The certificate consists only of its first line.
    require_lines_without_key({context.error()});
}

void require_sendable(const WebFile& file) {
    for (const auto& [name, value] : file.headers) {
        require(!value.empty() &&
                std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    }
    for (const auto& [name, hash] : file.users) {
        require(!name.empty() && name.find(':') == std::string::npos && hash.text().size() == 60);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FileReader reader = disk_with(with_planted_keys({reinterpret_cast<const char*>(data), size}));
    const WebFileReading reading = read_web_file("/w/web.yml", reader);
    require(!reading.read_files.empty() && !have_changed(reading.read_files, reader));
    require_lines_without_key(reading.warnings);
    if (!reading.file) {
        require(!reading.file.error().empty());
        require_lines_without_key(reading.file.error());
        return 0;
    }
    if (reading.file->tls) {
        require_whole(*reading.file->tls);
    }
    if (reading.file->rate_limit) {
        require(reading.file->rate_limit->burst > 0 && reading.file->rate_limit->interval.count() > 0);
    }
    require_sendable(*reading.file);
    return 0;
}
