// Signed links to outputs: they open in a browser with no header, and are the same at each read.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "http/key_ring.h"
#include "job/job.h"
#include "net/http_server.h"

namespace longhand::http {

/// Thread-safe.
class Links {
public:
    explicit Links(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    /// `BASE/api/jobs/ID/output.FORMAT?user=…&exp=…&sig=…`; `base_url` without a slash at its end. Holds for a year
    /// from the end of the job's run. The owner is in it, for the owner is part of every question to the store. Signed
    /// with the newest secret; those of former ones hold as long.
    std::string output_url(std::string_view base_url, const job::Job& job, std::string_view format) const;

    enum class Refusal { wrong_signature, expired };
    struct Checked {
        std::optional<Uuid> owner;  ///< not set: refused
        Refusal refusal = Refusal::wrong_signature;
    };
    Checked check(Uuid job, std::string_view format, const net::HttpRequest& request, WallTime now) const;

    /// A short word that differs where the newest secret, the base of links or `version` does, and tells nothing of
    /// them.
    std::string fingerprint(std::string_view base_url, std::string_view version) const;

private:
    /// The last fingerprint, and what it was made of: nearly all are of the same.
    struct Last {
        std::mutex mutex;
        std::shared_ptr<const Keys> keys;
        std::string base_url, version, fingerprint;
    };

    std::shared_ptr<const KeyRing> keys_;
    std::unique_ptr<Last> last_ = std::make_unique<Last>();
};

}  // namespace longhand::http
