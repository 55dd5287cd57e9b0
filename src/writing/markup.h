// The marks of prompts (docs/prompts.md): data inside them is escaped, so that no text can forge one.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace longhand::writing {

/// `&`, `<`, `>` and `"` as entities; control characters are left out.
std::string escaped(std::string_view text);
/// Entities of `escaped` back to characters, once.
std::string unescaped(std::string_view text);

using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;
/// `<name a="…">text</name>` and a newline; text and values are escaped.
std::string element(std::string_view name, std::string_view text, Attributes attributes = {});
/// The same around markup that is made already.
std::string element_of_markup(std::string_view name, std::string_view markup, Attributes attributes = {});
/// The element, or nothing when the text is blank.
std::string optional_element(std::string_view name, std::string_view text);

/// Length of the mark (`<passage …>`, `</draft>`) that `text` starts with; 0 for anything else, HTML included.
std::size_t mark_length(std::string_view text);

}  // namespace longhand::writing
