// The secrets that a process signs and checks with, as they are at this moment.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/runtime.h"
#include "http/secret.h"

namespace longhand::http {

struct SigningKey {
    std::string id;        ///< secret_id
    std::string secret;    ///< signs tokens
    std::string link_key;  ///< signs links: made of the secret, so that no token can be mistaken for a link
    std::string seal_key;  ///< seals provider keys, webhooks' secrets, kept answers with a secret (base/seal.h)
};

/// Immutable.
class Keys {
public:
    explicit Keys(const Secrets& secrets);
    const SigningKey& newest() const { return keys_.front(); }
    const std::vector<SigningKey>& all() const { return keys_; }  ///< newest first
    /// An id is only ever compared with those that there are. Null: there is none such.
    const SigningKey* find(std::string_view id) const;

private:
    std::vector<SigningKey> keys_;
};

/// Thread-safe. Reading the file blocks; that is once for each rotation.
class KeyRing {
public:
    /// Of secrets that never change.
    explicit KeyRing(const Secrets& secrets);
    /// Begins with `first` and follows the file at `path`, which `secret rotate` replaces. A file that can't be read
    /// any more leaves the keys as they are, and `problem_log` (optional) is told once. `runtime` outlives the ring.
    KeyRing(const Secrets& first, std::string path, const Runtime& runtime,
            std::function<void(const std::string&)> problem_log);

    /// No older than a second.
    std::shared_ptr<const Keys> keys() const;
    /// As the file is now: for a token of a key that is not known yet, made the moment after a rotation.
    std::shared_ptr<const Keys> latest() const;
    /// The key of that id: where it is not known yet, of the file as it is now. Null: there is none such.
    std::shared_ptr<const SigningKey> find(std::string_view id) const;

private:
    /// What tells one file from another without reading it.
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t changed = 0;
        bool operator==(const Stamp&) const = default;
    };
    static std::optional<Stamp> stamp_of(const std::string& path);
    void look() const;
    void complain(const std::string& problem) const;

    const std::string path_;
    const Runtime* runtime_ = nullptr;
    const std::function<void(const std::string&)> problem_log_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Keys> keys_;
    mutable Stamp seen_;
    mutable SteadyTime looked_{};
    mutable std::string problem_;
};

}  // namespace longhand::http
