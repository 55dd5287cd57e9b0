// How steps are kept in the journal: JSON objects that tell a model's answer from the result of other work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "writing/step_context.h"

namespace longhand::engine {

/// `{"finish":"stop","text":"..."}`
std::string encode_reply(const writing::AskReply& reply);
std::optional<writing::AskReply> decode_reply(std::string_view value);

/// `{"result":"..."}`
std::string encode_result(std::string_view result);
std::optional<std::string> decode_result(std::string_view value);

}  // namespace longhand::engine
