// Sets of addresses, as people write them: 10.0.0.0/8, 192.0.2.7, fd00::/8.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace longhand::net {

/// An address with or without a port, as forwarding headers have it: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`,
/// `[2001:db8::1]:80`.
std::optional<boost::asio::ip::address> parse_peer(std::string_view text);

/// An IPv4 address in IPv6 form is the IPv4 address; any other is itself. A listener for both families sees the former.
boost::asio::ip::address plain_form(const boost::asio::ip::address& address);

/// Addresses and networks. Once filled, thread-safe.
class Networks {
public:
    /// Takes an address or a network (CIDR) into it; false when `text` is neither.
    bool add(std::string_view text);
    bool is_empty() const { return v4_.empty() && v6_.empty(); }
    /// An IPv4 address in IPv6 form is the IPv4 address.
    bool contains(const boost::asio::ip::address& address) const;

private:
    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace longhand::net
