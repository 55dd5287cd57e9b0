#include "http/key_ring.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/seal.h"

namespace longhand::http {
namespace {

constexpr Milliseconds kOldest{1'000};

SigningKey signing_key(const std::string& secret) {
    const Sha256 link_key = hmac_sha256(secret, "longhand output link");
    return {secret_id(secret),
            secret,
            {reinterpret_cast<const char*>(link_key.data()), link_key.size()},
            sealing_key(secret)};
}

}  // namespace

Keys::Keys(const Secrets& secrets) {
    keys_.push_back(signing_key(secrets.newest));
    for (const FormerSecret& former : secrets.former) keys_.push_back(signing_key(former.secret));
}

const SigningKey* Keys::find(std::string_view id) const {
    for (const SigningKey& key : keys_) {
        if (key.id == id) return &key;
    }
    return nullptr;
}

KeyRing::KeyRing(const Secrets& secrets) : keys_(std::make_shared<const Keys>(secrets)) {}

KeyRing::KeyRing(const Secrets& first, std::string path, const Runtime& runtime,
                 std::function<void(const std::string&)> problem_log)
    : path_(std::move(path)),
      runtime_(&runtime),
      problem_log_(std::move(problem_log)),
      keys_(std::make_shared<const Keys>(first)) {}

std::shared_ptr<const Keys> KeyRing::keys() const {
    const std::lock_guard lock(mutex_);
    if (runtime_ != nullptr && runtime_->steady_now() - looked_ >= kOldest) look();
    return keys_;
}

std::shared_ptr<const Keys> KeyRing::latest() const {
    const std::lock_guard lock(mutex_);
    if (runtime_ != nullptr) look();
    return keys_;
}

std::shared_ptr<const SigningKey> KeyRing::find(std::string_view id) const {
    auto keys = this->keys();
    if (keys->find(id) == nullptr) keys = latest();
    return {keys, keys->find(id)};
}

std::optional<KeyRing::Stamp> KeyRing::stamp_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return Stamp{info.st_dev, info.st_ino, info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
}

void KeyRing::look() const {
    looked_ = runtime_->steady_now();
    // Taken before the file is read: one that is replaced in between is read again.
    const auto stamp = stamp_of(path_);
    if (!stamp) return complain(fmt::format("The secret {} can't be read: {}.", path_, std::strerror(errno)));
    if (*stamp == seen_) return;
    const auto secrets = load_secrets(path_, runtime_->wall_now());
    if (!secrets) return complain(secrets.error().message);
    keys_ = std::make_shared<const Keys>(*secrets);
    seen_ = *stamp;
    problem_.clear();
}

void KeyRing::complain(const std::string& problem) const {
    if (problem == problem_) return;
    problem_ = problem;
    if (problem_log_) problem_log_(problem + " The server goes on with the secrets that it has.");
}

}  // namespace longhand::http
