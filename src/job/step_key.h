// The keys of journal entries: stable names of steps, such as `section/3.2/draft#2`.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace longhand::job {

/// Lower-case words, digits, `.`, `-`, `_`, `/` and `#`; 1 to 200 characters. Building one of anything else is a bug.
class StepKey {
public:
    explicit StepKey(std::string text);
    const std::string& text() const { return text_; }
    auto operator<=>(const StepKey&) const = default;

    /// `section/3.2/draft`, attempt 2 -> `section/3.2/draft#2`. Attempt 1 has no suffix.
    StepKey attempt(unsigned number) const;

private:
    std::string text_;
};

bool is_step_key(std::string_view text);

}  // namespace longhand::job
