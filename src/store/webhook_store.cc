#include "store/webhook_store.h"

namespace longhand::store {

std::string_view to_string(MessageState state) {
    switch (state) {
        case MessageState::due:
            return "due";
        case MessageState::held:
            return "held";
        case MessageState::behind:
            return "behind";
        case MessageState::delivered:
            return "delivered";
        case MessageState::failed:
            break;
    }
    return "failed";
}

}  // namespace longhand::store
