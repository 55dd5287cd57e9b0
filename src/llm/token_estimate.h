// About how many tokens a text is that comes in pieces.
#pragma once

#include <cstdint>
#include <string_view>

namespace longhand::llm {

/// What `estimate_tokens` gives for all pieces together. Each is of whole characters.
class TokenEstimate {
public:
    void add(std::string_view piece);
    std::uint64_t tokens() const { return characters_ + (bytes_ + 3) / 4; }

private:
    std::uint64_t characters_ = 0;  ///< of scripts without spaces
    std::uint64_t bytes_ = 0;       ///< of the others
};

}  // namespace longhand::llm
