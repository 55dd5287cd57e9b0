#include "http/answer_seal.h"

#include "base/digest.h"
#include "base/seal.h"

namespace longhand::http {
namespace {

constexpr std::string_view kSealMark = "sealed:";  // no JSON text begins so

// The owner's id has one length, so no two requests have the same bytes.
std::string belonging(const store::RepeatableRequest& request) {
    return "longhand answer 1\n" + request.owner.to_string() + request.key;
}

}  // namespace

std::string AnswerSeal::seal(std::string_view plain, const store::RepeatableRequest& request) const {
    const auto keys = keys_->keys();
    return std::string(kSealMark) + to_base64url(longhand::seal(keys->newest().seal_key, plain, belonging(request)));
}

std::optional<std::string> AnswerSeal::open(std::string_view sealed, const store::RepeatableRequest& request) const {
    if (!is_sealed(sealed)) return std::nullopt;
    const auto bytes = from_base64url(sealed.substr(kSealMark.size()));
    if (!bytes) return std::nullopt;
    const auto keys = keys_->keys();
    for (const SigningKey& key : keys->all()) {
        if (auto plain = unseal(key.seal_key, *bytes, belonging(request))) return plain;
    }
    return std::nullopt;
}

bool AnswerSeal::is_sealed(std::string_view text) {
    return text.starts_with(kSealMark);
}

}  // namespace longhand::http
