// Which addresses belong to the public internet, and which to a machine, a network or nobody.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace longhand::net {

/// Whether an address is one that anybody on the internet could reach: none of a machine's own (loopback), a private or
/// shared network's, a link's, a group's, a cloud's metadata service's, and none that is reserved, for documentation,
/// or carries another address inside (6to4, Teredo). Of NAT64's well-known prefix it is the address inside that counts.
/// By IANA's special-purpose registries (RFC 6890): what is not known to be public is not.
bool is_public(const boost::asio::ip::address& address);

}  // namespace longhand::net
