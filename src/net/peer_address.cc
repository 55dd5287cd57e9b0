#include "net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace longhand::net {

std::optional<boost::asio::ip::address> address_of(const sockaddr& address) {
    namespace ip = boost::asio::ip;
    if (address.sa_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        return ip::address_v4(ntohl(four.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &address, sizeof six);
        ip::address_v6::bytes_type bytes;
        std::copy(std::begin(six.sin6_addr.s6_addr), std::end(six.sin6_addr.s6_addr), bytes.begin());
        return ip::address_v6(bytes, six.sin6_scope_id);
    }
    return std::nullopt;
}

}  // namespace longhand::net
