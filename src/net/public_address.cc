#include "net/public_address.h"

#include <algorithm>

#include "net/networks.h"

namespace longhand::net {
namespace {

namespace ip = boost::asio::ip;

Networks networks_of(std::initializer_list<const char*> texts) {
    Networks networks;
    for (const char* text : texts) networks.add(text);
    return networks;
}

const Networks& not_public_v4() {
    static const Networks networks = networks_of({
        "0.0.0.0/8",         // this network
        "10.0.0.0/8",        // private
        "100.64.0.0/10",     // shared by a carrier's customers; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",       // loopback
        "168.63.129.16/32",  // a cloud's service for its machines, though of a public network
        "169.254.0.0/16",    // link-local, and the metadata of most clouds
        "172.16.0.0/12",     // private
        "192.0.0.0/24",      // protocol assignments; a cloud's metadata at 192.0.0.192
        "192.0.2.0/24",      // documentation
        "192.31.196.0/24",   // AS112
        "192.52.193.0/24",   // AMT
        "192.88.99.0/24",    // 6to4 relays
        "192.168.0.0/16",    // private
        "192.175.48.0/24",   // AS112
        "198.18.0.0/15",     // benchmarks
        "198.51.100.0/24",   // documentation
        "203.0.113.0/24",    // documentation
        "224.0.0.0/4",       // multicast
        "240.0.0.0/4",       // reserved, and broadcast
    });
    return networks;
}

// Of 2000::/3; nothing outside it is public.
const Networks& not_public_v6() {
    static const Networks networks = networks_of({
        "2001::/23",          // protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",      // documentation
        "2002::/16",          // 6to4
        "2620:4f:8000::/48",  // AS112
        "3fff::/20",          // documentation
    });
    return networks;
}

bool is_within(const char* network, const ip::address& address) {
    return networks_of({network}).contains(address);
}

ip::address_v4 last_four_bytes(const ip::address_v6& address) {
    const auto bytes = address.to_bytes();
    return ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

}  // namespace

bool is_public(const ip::address& address) {
    const auto plain = plain_form(address);
    if (plain.is_v4()) return !not_public_v4().contains(plain);
    if (plain.to_v6().scope_id() != 0) return false;
    if (is_within("64:ff9b::/96", plain)) return !not_public_v4().contains(last_four_bytes(plain.to_v6()));
    return is_within("2000::/3", plain) && !not_public_v6().contains(plain);
}

}  // namespace longhand::net
