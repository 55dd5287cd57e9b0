#include "writing/prompts.h"

#include <stdexcept>

#include "writing/embedded.h"
#include "writing/markup.h"

namespace longhand::writing {

Fields& Fields::text(std::string_view name, std::string_view value) {
    return markup(name, escaped(value));
}

Fields& Fields::number(std::string_view name, std::int64_t value) {
    return markup(name, std::to_string(value));
}

Fields& Fields::markup(std::string_view name, std::string value) {
    values_.insert_or_assign(std::string(name), std::move(value));
    return *this;
}

const std::string* Fields::find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

std::string render_prompt(std::string_view name, const Fields& fields) {
    const auto file = embedded(std::string(name) + ".md");
    if (!file) throw std::logic_error("no prompt " + std::string(name));
    std::string out;
    std::string_view rest = *file;
    while (!rest.empty()) {
        const std::size_t open = rest.find("{{");
        out += rest.substr(0, open);
        if (open == std::string_view::npos) break;
        const std::size_t close = rest.find("}}", open);
        if (close == std::string_view::npos) throw std::logic_error("open placeholder in prompt " + std::string(name));
        const std::string_view placeholder = rest.substr(open + 2, close - open - 2);
        const std::string* value = fields.find(placeholder);
        if (value == nullptr)
            throw std::logic_error("prompt " + std::string(name) + " has no value for " + std::string(placeholder));
        out += *value;
        rest.remove_prefix(close + 2);
        // An element brings its own newline; a line that held nothing but its placeholder goes with it.
        const bool line_is_done = out.empty() || out.ends_with('\n');
        if (line_is_done && rest.starts_with('\n')) rest.remove_prefix(1);
    }
    return out;
}

}  // namespace longhand::writing
