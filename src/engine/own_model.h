// Which model a call goes to: the server's, or the same provider asked with its owner's own key.
#pragma once

#include <memory>

#include "engine/environment.h"

namespace longhand::engine {

/// Whose key a call goes out with.
enum class KeyOf { server, owner };
inline KeyOf key_of(bool is_byok) {
    return is_byok ? KeyOf::owner : KeyOf::server;
}

/// Looked up for each call: a key that was removed or replaced is not used any more. Never the server's model in the
/// place of the owner's. Errors as OwnModel's.
awaitable<store::StoreResult<std::shared_ptr<llm::ChatModel>>> model_for(Environment& environment, Uuid owner,
                                                                         KeyOf key);

}  // namespace longhand::engine
