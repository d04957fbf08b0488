#include "http/web_file.h"

#include "base/text.h"
#include "base/yaml_reader.h"
#include "http/web_file_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace exporter::http {
namespace {

using Fault = WebFault;
using Kind = WebKeyKind;

constexpr std::string_view tls_prefix = "tls_server_config.";
constexpr std::string_view users_key = "basic_auth_users";

std::vector<base::YamlKey> yaml_keys() {
    std::vector<base::YamlKey> result;
    for (const WebKey& key : web_keys()) {
        if (key.kind != Kind::users) {
            result.push_back({std::string(key.path), std::string(key.path), key.kind == Kind::list});
        }
    }
    return result;
}

/// What is wrong with a user's name: https://www.rfc-editor.org/rfc/rfc7617#section-2
Fault fault_in_user_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    if (name.empty() || name.size() > longest) {
        return "a user's name has 1 to 255 bytes";
    }
    const bool is_sendable =
        std::none_of(name.begin(), name.end(), [](char c) { return base::is_control(c) || c == ':'; });
    return is_sendable ? "" : "a user's name can hold neither a colon nor a control character";
}

/// A name that is none, or not a plain one, may be a hash in the wrong place.
std::string shown_user(std::string_view name) {
    const std::string shown = base::shown_name(name);
    return shown == name ? fmt::format("{}.{}", users_key, shown) : std::string(users_key);
}

/// Names and their hashes; what is wrong is reported and left out.
std::map<std::string, BcryptHash> read_users(base::YamlReader& reader, const YAML::Node& key,
                                             const YAML::Node& value) {
    std::map<std::string, BcryptHash> users;
    if (!value.IsMap()) {
        if (!value.IsNull()) {
            reader.mistake(reader.place(key.Mark(), users_key),
                           "is a section; write name: hash below it, indented");
        }
        return users;
    }
    for (const auto& entry : value) {
        const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
        const std::string where = reader.place(entry.first.Mark(), shown_user(name));
        const auto hash = BcryptHash::parse(entry.second.IsScalar() ? entry.second.Scalar() : "");
        if (const Fault fault = fault_in_user_name(name); !fault.empty()) {
            reader.mistake(where, fault);
        } else if (!hash) {
            reader.mistake(where, hash.error());
        } else if (!users.emplace(name, *hash).second) {
            reader.mistake(where, "is there twice; keep one");
        }
    }
    return users;
}

/// What is wrong with a header's value. The choices are exporter-toolkit's.
Fault fault_in_header(std::string_view name, std::string_view value) {
    constexpr std::size_t longest = 4096;
    if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
        return "is neither deny nor sameorigin";
    }
    if (name == "X-Content-Type-Options" && value != "nosniff") {
        return "can only be nosniff";
    }
    const bool is_sendable = value.size() <= longest && std::all_of(value.begin(), value.end(), [](char c) {
                                 return c == ' ' || base::is_visible(c);
                             });
    return is_sendable ? "" : "holds a line end or another character that no header can have";
}

Fault fault_in_certificates(std::string_view pem) {
    return pem.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos
               ? "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
               : "";
}

Fault fault_in_private_key(std::string_view pem) {
    if (pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
        pem.find("\nProc-Type: 4,ENCRYPTED") != std::string_view::npos) {
        return "holds a key under a passphrase, which nobody could give; write it out with openssl pkey";
    }
    return pem.find("PRIVATE KEY-----") == std::string_view::npos
               ? "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
               : "";
}

/// A PEM text that stands in the file or in one that it names.
struct Pem {
    std::string_view name;  ///< its key; with `_file` behind, that of the path
    Fault (*fault_in)(std::string_view pem) = fault_in_certificates;
    bool is_secret = false;
};

/// A path is shown if it is like one: somebody may have put the key or a password's hash in its place.
std::string shown_path(const std::string& path) {
    constexpr std::string_view others = "_-./:@+";
    const bool is_plain = std::all_of(path.begin(), path.end(), [&](char c) {
        return base::is_alphanumeric(c) || others.find(c) != std::string_view::npos;
    });
    return is_plain && path.size() <= 255 && path.find("-----") == std::string::npos &&
                   !base::may_hold_a_key(path)
               ? path
               : "the file (its path is not shown: it may be something else)";
}

/// Makes a web file of what was written, and keeps what is to be told about it.
class Interpreter {
  public:
    Interpreter(const std::string& path, const base::FileText& text, base::Settings settings,
                std::map<std::string, BcryptHash> users, const base::FileReader& reader,
                base::WorldReadable world_readable)
        : path_(path),
          text_(text),
          settings_(std::move(settings)),
          reader_(reader),
          is_strict_(world_readable == base::WorldReadable::refused) {
        draft_.file.users = std::move(users);
    }

    void interpret() {
        read_certificates();
        for (const WebKey& key : web_keys()) {
            if (const base::Setting* const setting = given(key.path)) {
                read_value(key, *setting);
            }
        }
        finish_tls();
        finish_rate_limit();
        judge_who_may_read_and_write();
    }

    [[nodiscard]] WebFile take_file() { return std::move(draft_.file); }
    base::MistakeLines mistakes;
    std::vector<std::string> warnings;
    std::vector<ReadFile> read_files;

  private:
    /// nullptr: absent or blank, which means the same.
    [[nodiscard]] const base::Setting* given(std::string_view key) const {
        const auto found = settings_.find(key);
        const bool is_blank = found != settings_.end() && found->second.values.size() == 1 &&
                              base::trim(found->second.values.front()).empty();
        return found == settings_.end() || is_blank ? nullptr : &found->second;
    }

    /// Of the two keys of a PEM text, the one that is given; none: the first.
    [[nodiscard]] std::string given_of(std::string_view name) const {
        const std::string file_key = fmt::format("{}{}_file", tls_prefix, name);
        return given(file_key) != nullptr ? file_key : fmt::format("{}{}", tls_prefix, name);
    }

    [[nodiscard]] std::string at(std::string_view key, std::string_view what) const {
        const auto found = settings_.find(key);
        return found == settings_.end() ? fmt::format("{}: {}: {}", path_, key, what)
                                        : fmt::format("{}: {}", found->second.place, what);
    }
    void mistake(std::string_view key, std::string_view what) { mistakes.push_back(at(key, what)); }
    void warn(std::string_view key, std::string_view what) { warnings.push_back(at(key, what)); }

    void read_value(const WebKey& key, const base::Setting& setting) {
        Fault fault;
        if (key.kind == Kind::header) {
            const auto name = key.path.substr(key.path.rfind('.') + 1);
            // Blanks at the ends are no part of a header's value; a block of YAML ends with one.
            const std::string value(base::trim(setting.values.front()));
            fault = fault_in_header(name, value);
            draft_.file.headers.emplace_back(name, value);
        } else if (key.set != nullptr) {
            const bool has_an_empty_item =
                std::any_of(setting.values.begin(), setting.values.end(),
                            [](const std::string& item) { return base::trim(item).empty(); });
            fault = has_an_empty_item ? "has an empty item" : key.set(draft_, setting.values);
        }
        if (!fault.empty()) {
            mistake(key.path, fault);
        }
    }

    void read_certificates() {
        if (const auto pem = read_pem({"cert"})) {
            draft_.tls.certificate = pem->expose();
        }
        if (auto pem = read_pem({"key", fault_in_private_key, true})) {
            draft_.tls.key = *std::move(pem);
        }
        if (const auto pem = read_pem({"client_ca"})) {
            draft_.tls.client_ca = pem->expose();
        }
    }

    /// nullopt: neither is given, or there was a mistake.
    [[nodiscard]] std::optional<base::Secret> read_pem(const Pem& pem) {
        const std::string key = fmt::format("{}{}", tls_prefix, pem.name);
        const std::string file_key = key + "_file";
        const base::Setting* const text = given(key);
        const base::Setting* const file = given(file_key);
        if (text != nullptr && file != nullptr) {
            mistake(file_key, fmt::format("{} is given as well; keep one of them", key));
            return std::nullopt;
        }
        if (file != nullptr) {
            return read_pem_file(pem, file_key, file->values.front());
        }
        if (text == nullptr) {
            return std::nullopt;
        }
        if (pem.is_secret && is_strict_ && text_.is_open_to_everybody()) {
            mistake(key, fmt::format("the key is in this file, and {}", base::open_to_everybody(text_.mode)));
            return std::nullopt;
        }
        return checked(pem, key, "", base::Secret(text->values.front()));
    }

    [[nodiscard]] std::optional<base::Secret> read_pem_file(const Pem& pem, std::string_view key,
                                                            const std::string& name) {
        const auto directory = std::filesystem::path(path_).parent_path();
        const std::string path = (directory / name).lexically_normal().string();
        auto file = reader_(path);
        read_files.push_back({path, file ? std::optional(file->text) : std::nullopt});
        if (!file) {
            mistake(key, fmt::format("{} {}", shown_path(path), file.error()));
            return std::nullopt;
        }
        if (pem.is_secret && is_strict_ && file->is_open_to_everybody()) {
            mistake(key, fmt::format("{}: {}", shown_path(path), base::open_to_everybody(file->mode)));
            return std::nullopt;
        }
        if (!file->others_may_write.empty()) {
            warn(key, fmt::format("{}: {}", shown_path(path), file->others_may_write));
        }
        return checked(pem, key, shown_path(path) + ' ', std::move(file->text));
    }

    [[nodiscard]] std::optional<base::Secret> checked(const Pem& pem, std::string_view key,
                                                      std::string_view where, base::Secret text) {
        const Fault fault = pem.fault_in(text.expose());
        if (!fault.empty()) {
            mistake(key, fmt::format("{}{}", where, fault));
            return std::nullopt;
        }
        return text;
    }

    void finish_tls() {
        const auto find_given = [this](bool enabling) {
            return std::find_if(web_keys().begin(), web_keys().end(), [&](const WebKey& key) {
                return key.path.starts_with(tls_prefix) && (key.enables_tls || !enabling) &&
                       given(key.path) != nullptr;
            });
        };
        if (find_given(true) == web_keys().end()) {
            if (const auto other = find_given(false); other != web_keys().end()) {
                mistake(other->path,
                        "means nothing without a certificate and its key; give cert_file and key_file");
            }
            return;
        }
        constexpr std::string_view section = "tls_server_config";
        if (given(given_of("cert")) == nullptr) {
            mistake(section, "the certificate is missing; give cert_file or cert");
        }
        if (given(given_of("key")) == nullptr) {
            mistake(section, "the private key is missing; give key_file or key");
        }
        // What else seems wrong may follow from a mistake.
        if (mistakes.empty()) {
            for (const TlsContradiction& contradiction : contradictions_in(draft_.tls)) {
                mistake(given_of(contradiction.option), contradiction.what);
            }
            if (!draft_.tls.client_allowed_sans.empty() && !is_verified(draft_.tls.client_auth)) {
                warn("tls_server_config.client_allowed_sans",
                     "anybody can write these names into a certificate that RequireAnyClientCert does not "
                     "verify; RequireAndVerifyClientCert does");
            }
        }
        draft_.file.tls = std::move(draft_.tls);
    }

    void finish_rate_limit() {
        if (draft_.rate_limit.interval == std::chrono::nanoseconds::zero()) {
            return;
        }
        if (draft_.rate_limit.burst == 0) {
            mistake("rate_limit.interval",
                    "needs a burst of at least 1 beside it, or nobody would be answered");
        }
        draft_.file.rate_limit = draft_.rate_limit;
    }

    void judge_who_may_read_and_write() {
        const bool has_users = !draft_.file.users.empty();
        if (has_users && !draft_.file.tls) {
            warn(users_key, "passwords travel unencrypted without tls_server_config");
        }
        if (const auto& who = text_.others_may_write; !who.empty()) {
            const std::string what = fmt::format("others can decide who is let in: {}", who);
            // Who can write the file can let in whomever they like: what lets in those with a password is
            // refused then.
            if (has_users && is_strict_) {
                mistake(users_key, what + "; or allow it with --datadog.allow-world-readable-secrets");
            } else {
                warn(has_users ? users_key : "the file", what);
            }
        }
        if (has_users && text_.is_open_to_everybody()) {
            warn(users_key, "every user of this machine can read the hashes, and guess at them");
        }
    }

    const std::string& path_;
    const base::FileText& text_;
    const base::Settings settings_;
    const base::FileReader& reader_;
    const bool is_strict_;  ///< secrets that all can read are refused
    WebFileDraft draft_;
};

bool is_same(const std::optional<base::Secret>& text, const std::optional<base::Secret>& other) {
    return text.has_value() == other.has_value() && (!text || text->expose() == other->expose());
}

}  // namespace

std::vector<std::string_view> web_file_keys() {
    std::vector<std::string_view> paths;
    for (const WebKey& key : web_keys()) {
        paths.push_back(key.path);
    }
    return paths;
}

WebFileReading read_web_file(const std::string& path, const base::FileReader& reader,
                             base::WorldReadable world_readable) {
    auto text = reader(path);
    std::vector<ReadFile> read_files = {{path, text ? std::optional(text->text) : std::nullopt}};
    if (!text) {
        const auto line = fmt::format("{}: the web configuration file {}", path, text.error());
        return {tl::unexpected(base::MistakeLines{line}), {}, std::move(read_files)};
    }
    base::MistakeLines mistakes;
    base::YamlReader yaml(path, mistakes);
    std::map<std::string, BcryptHash> users;
    std::size_t mistakes_about_users = 0;
    const auto read_user_list = [&](const YAML::Node& key, const YAML::Node& value) {
        const std::size_t before = mistakes.size();
        users = read_users(yaml, key, value);
        mistakes_about_users += mistakes.size() - before;
    };
    base::Settings written =
        yaml.read(std::string(text->text.expose()), yaml_keys(), {{std::string(users_key), read_user_list}},
                  "tls_server_config: {cert_file: server.crt, key_file: server.key}");
    if (mistakes.size() > mistakes_about_users) {
        // What else seems wrong may follow from a mistyped key.
        return {tl::unexpected(std::move(mistakes)), {}, std::move(read_files)};
    }
    Interpreter interpreter(path, *text, std::move(written), std::move(users), reader, world_readable);
    interpreter.interpret();
    mistakes.insert(mistakes.end(), interpreter.mistakes.begin(), interpreter.mistakes.end());
    std::move(interpreter.read_files.begin(), interpreter.read_files.end(), std::back_inserter(read_files));
    if (!mistakes.empty()) {
        return {tl::unexpected(std::move(mistakes)), {}, std::move(read_files)};
    }
    return {interpreter.take_file(), std::move(interpreter.warnings), std::move(read_files)};
}

bool are_same(const std::vector<ReadFile>& files, const std::vector<ReadFile>& others) {
    return std::equal(files.begin(), files.end(), others.begin(), others.end(),
                      [](const ReadFile& file, const ReadFile& other) {
                          return file.path == other.path && is_same(file.text, other.text);
                      });
}

bool have_changed(const std::vector<ReadFile>& files, const base::FileReader& reader) {
    return std::any_of(files.begin(), files.end(), [&](const ReadFile& file) {
        const auto now = reader(file.path);
        return !is_same(file.text, now ? std::optional(now->text) : std::nullopt);
    });
}

}  // namespace exporter::http
