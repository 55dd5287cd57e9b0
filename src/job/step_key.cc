#include "job/step_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace longhand::job {

bool is_step_key(std::string_view text) {
    constexpr std::size_t kLongest = 200;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '/' ||
               c == '#';
    });
}

StepKey::StepKey(std::string text) : text_(std::move(text)) {
    if (!is_step_key(text_)) throw std::logic_error("not a step key: " + text_);
}

StepKey StepKey::attempt(unsigned number) const {
    return number <= 1 ? *this : StepKey(fmt::format("{}#{}", text_, number));
}

}  // namespace longhand::job
