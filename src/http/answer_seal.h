// Answers that hold a secret, as they are kept: encrypted, so that neither the database nor a backup of it without the
// signing secret tells them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/key_ring.h"
#include "store/request_store.h"

namespace longhand::http {

/// Under a key made of the signing secret (base/seal.h), and bound to the request that was answered: put beside another
/// one, it opens no more. Thread-safe.
class AnswerSeal {
public:
    explicit AnswerSeal(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    /// `sealed:` and base64url.
    std::string seal(std::string_view plain, const store::RepeatableRequest& request) const;
    /// Nothing: it was sealed with a secret that is gone, is another request's, or is not whole.
    std::optional<std::string> open(std::string_view sealed, const store::RepeatableRequest& request) const;
    static bool is_sealed(std::string_view text);

private:
    std::shared_ptr<const KeyRing> keys_;
};

}  // namespace longhand::http
