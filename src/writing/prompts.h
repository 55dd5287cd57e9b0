// The prompts: files in prompts/, with `{{name}}` where a value goes.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace longhand::writing {

/// Values of a prompt. Text is escaped, markup goes in as it is; both end up inside one prompt only.
class Fields {
public:
    Fields& text(std::string_view name, std::string_view value);
    Fields& number(std::string_view name, std::int64_t value);
    Fields& markup(std::string_view name, std::string value);
    const std::string* find(std::string_view name) const;

private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// A placeholder without a value, or a prompt that is not there, is a bug and throws std::logic_error. Blank lines that
/// empty values leave are taken out.
std::string render_prompt(std::string_view name, const Fields& fields);

}  // namespace longhand::writing
