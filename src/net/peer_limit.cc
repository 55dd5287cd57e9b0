#include "net/peer_limit.h"

#include <algorithm>
#include <utility>

namespace longhand::net {

namespace {

namespace ip = boost::asio::ip;

ip::address_v6 network_of(const ip::address& address) {
    if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4());
    if (address.to_v6().is_v4_mapped()) return address.to_v6();
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes);
}

}  // namespace

PeerLimit::Answer PeerLimit::take(const ip::address& address) {
    const auto network = network_of(address);
    const std::lock_guard lock(mutex_);
    Peer& peer = peers_[network];
    if (most_ > 0 && peer.open >= most_) return {nullptr, !std::exchange(peer.was_refused, true)};
    ++peer.open;
    return {std::make_unique<Place>(*this, network), false};
}

void PeerLimit::leave(const ip::address_v6& network) {
    const std::lock_guard lock(mutex_);
    const auto peer = peers_.find(network);
    if (--peer->second.open == 0) peers_.erase(peer);
}

}  // namespace longhand::net
