// What a request may call the server, and what of its target may be logged.
#pragma once

#include <string>
#include <string_view>

#include "http/services.h"

namespace longhand::http {

class Hosts {
public:
    Hosts(HostCheck check, std::string_view public_url);
    /// `host` is the header's value: a name or an address, with or without a port.
    bool allows(std::string_view host) const;

private:
    HostCheck check_;
    std::string public_host_;
};

/// With the values of well-known parameters only, without control characters, at most 500 characters.
std::string loggable_target(std::string_view target);

}  // namespace longhand::http
