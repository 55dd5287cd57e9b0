// Signed links to outputs: they open in a browser with no header, and are the same at each read.
#pragma once

#include <memory>
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
    /// `public_url` without a slash at its end.
    Links(std::shared_ptr<const KeyRing> keys, std::string public_url)
        : keys_(std::move(keys)), public_url_(std::move(public_url)) {}

    /// `PUBLIC_URL/api/jobs/ID/output.FORMAT?user=…&exp=…&sig=…`; holds for a year from the end of the job's run. The
    /// owner is in it, for the owner is part of every question to the store. Signed with the newest secret; those of
    /// former ones hold as long.
    std::string output_url(const job::Job& job, std::string_view format) const;

    enum class Refusal { wrong_signature, expired };
    struct Checked {
        std::optional<Uuid> owner;  ///< not set: refused
        Refusal refusal = Refusal::wrong_signature;
    };
    Checked check(Uuid job, std::string_view format, const net::HttpRequest& request, WallTime now) const;

    /// A short word that differs where the newest secret, the public URL or `version` does, and tells nothing of them.
    std::string fingerprint(std::string_view version) const;

    const std::string& public_url() const { return public_url_; }

private:
    std::shared_ptr<const KeyRing> keys_;
    std::string public_url_;
};

}  // namespace longhand::http
