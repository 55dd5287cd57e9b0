// Addresses between the system's form and Asio's.
#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <optional>

namespace longhand::net {

/// Of an IPv4 or IPv6 socket address, its scope with it; nothing for another family.
std::optional<boost::asio::ip::address> address_of(const sockaddr& address);

}  // namespace longhand::net
