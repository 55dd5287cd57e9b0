// Signed links to outputs: they open in a browser with no header, and are the same at each read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "job/job.h"
#include "net/http_server.h"

namespace longhand::http {

/// Immutable, so thread-safe.
class Links {
public:
    /// `secret` is the installation's; `public_url` without a slash at its end.
    Links(std::string_view secret, std::string public_url);

    /// `PUBLIC_URL/api/jobs/ID/output.FORMAT?user=…&exp=…&sig=…`; holds for a year from the end of the job's run. The
    /// owner is in it, for the owner is part of every question to the store.
    std::string output_url(const job::Job& job, std::string_view format) const;

    enum class Refusal { wrong_signature, expired };
    struct Checked {
        std::optional<Uuid> owner;  ///< not set: refused
        Refusal refusal = Refusal::wrong_signature;
    };
    Checked check(Uuid job, std::string_view format, const net::HttpRequest& request, WallTime now) const;

    /// A short word that differs where the secret, the public URL or `version` does, and tells nothing of them.
    std::string fingerprint(std::string_view version) const;

    const std::string& public_url() const { return public_url_; }

private:
    std::string signature(Uuid job, std::string_view format, Uuid owner, std::string_view expiry) const;

    std::string key_;
    std::string public_url_;
};

}  // namespace longhand::http
