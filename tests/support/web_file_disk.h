// A fake disk with the web configuration `/etc/web.yml`, which a test can change during a read.
#pragma once

#include "base/regular_file.h"

#include <functional>
#include <map>
#include <string>

namespace exporter::support {

class WebFileDisk {
  public:
    static constexpr const char* path = "/etc/web.yml";

    void write(const std::string& text) { files[path] = text; }

    [[nodiscard]] base::FileReader reader() {
        return [this](const std::string& file) -> tl::expected<base::FileText, std::string> {
            if (before_reading) {
                before_reading();
            }
            const auto found = files.find(file);
            if (found == files.end()) {
                return tl::unexpected<std::string>("is missing");
            }
            return base::FileText{base::Secret(found->second)};
        };
    }

    std::map<std::string, std::string> files;
    std::function<void()> before_reading;
};

}  // namespace exporter::support
