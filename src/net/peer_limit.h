// How many connections each peer has open, so that one can't take them all.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace longhand::net {

/// Thread-safe. Outlives the places that it gives.
class PeerLimit {
public:
    /// `most` of one address at once; 0 is no bound. In IPv6 the first 64 bits are one address: whoever has one has
    /// them all.
    explicit PeerLimit(std::size_t most) : most_(most) {}

    /// A connection's place, taken until it is destroyed.
    class Place {
    public:
        Place(PeerLimit& limit, boost::asio::ip::address_v6 peer) : limit_(limit), peer_(peer) {}
        ~Place() { limit_.leave(peer_); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        PeerLimit& limit_;
        boost::asio::ip::address_v6 peer_;
    };

    struct Answer {
        std::unique_ptr<Place> place;   ///< none: the peer has as many as it may
        bool is_first_refusal = false;  ///< since the peer last had none open
    };
    Answer take(const boost::asio::ip::address& peer);

private:
    struct Peer {
        std::size_t open = 0;
        bool was_refused = false;
    };
    void leave(const boost::asio::ip::address_v6& peer);

    const std::size_t most_;
    std::mutex mutex_;
    std::map<boost::asio::ip::address_v6, Peer> peers_;
};

}  // namespace longhand::net
