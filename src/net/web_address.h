// Addresses of the web as people give them. They are hostile: a link may be made to reach what its writer can't.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace longhand::net {

constexpr std::size_t kLongestWebAddress = 2048;

/// An http or https URL as libcurl, which fetches it, understands it.
struct WebAddress {
    std::string url;   ///< whole, in one form, without its fragment
    std::string host;  ///< lower case, in ASCII (IDNA), without a dot at its end; an IPv6 address without brackets
    std::uint16_t port = 0;
    std::optional<boost::asio::ip::address> literal;  ///< where the host is an address and no name

    /// Scheme, host and port: `https://example.org`, `http://127.0.0.1:8080`.
    std::string origin() const;
};

enum class WebAddressErrc { malformed };

/// The message completes "It …": "has a user name or a password in it". Refused are other schemes, user names and
/// passwords, zones of IPv6 addresses, port 0, control characters, and more than kLongestWebAddress bytes.
Result<WebAddress, WebAddressErrc> parse_web_address(std::string_view text);
/// Where a redirect of `from` leads that says `location`, which may be relative.
Result<WebAddress, WebAddressErrc> follow(const WebAddress& from, std::string_view location);

}  // namespace longhand::net
