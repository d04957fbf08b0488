// Parses a JSON response with yaml-cpp, as JSON is a subset of YAML. RapidJSON 1.1.0's document class does
// not compile with clang 19.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <string>
#include <vector>

namespace exporter::support {

class Json {
  public:
    explicit Json(const YAML::Node& node) : node_(node) {}
    static Json parse(const std::string& text) { return Json(YAML::Load(text)); }

    [[nodiscard]] Json operator[](const char* key) const { return Json(node_[key]); }
    [[nodiscard]] Json operator[](std::size_t index) const { return Json(node_[index]); }

    [[nodiscard]] std::vector<Json> elements() const {
        std::vector<Json> elements;
        for (const auto& element : node_) {
            elements.emplace_back(element);
        }
        return elements;
    }
    [[nodiscard]] std::size_t size() const { return node_.size(); }
    [[nodiscard]] bool is_object() const { return node_.IsMap(); }
    [[nodiscard]] bool is_null() const { return node_.IsDefined() && node_.IsNull(); }
    [[nodiscard]] bool has(const char* key) const { return node_[key].IsDefined(); }
    [[nodiscard]] std::string text() const { return node_.as<std::string>(); }
    [[nodiscard]] unsigned number() const { return node_.as<unsigned>(); }

  private:
    YAML::Node node_;
};

}  // namespace exporter::support
