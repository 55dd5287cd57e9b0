// Answers that hold a secret, as they are kept: encrypted, so that neither the database nor a backup of it without the
// signing secret tells them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/key_ring.h"

namespace longhand::http {

/// AES-256-GCM under a key made of the signing secret. Thread-safe.
class AnswerSeal {
public:
    explicit AnswerSeal(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    /// `sealed:` and base64url of nonce, ciphertext and tag.
    std::string seal(std::string_view plain) const;
    /// Nothing: it was sealed with a secret that is gone, or is not whole.
    std::optional<std::string> open(std::string_view sealed) const;
    static bool is_sealed(std::string_view text);

private:
    std::shared_ptr<const KeyRing> keys_;
};

}  // namespace longhand::http
