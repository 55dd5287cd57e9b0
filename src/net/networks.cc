#include "net/networks.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace longhand::net {

namespace {

namespace ip = boost::asio::ip;

bool contains_v6(const ip::network_v6& network, const ip::address_v6& address) {
    return ip::network_v6(address, network.prefix_length()).canonical() == network;
}

}  // namespace

ip::address plain_form(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::optional<ip::address> parse_peer(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return std::nullopt;
        text = text.substr(1, end - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(text), error);
    return error ? std::nullopt : std::optional(plain_form(address));
}

bool Networks::add(std::string_view text) {
    const std::string word(trimmed(text));
    boost::system::error_code error;
    if (word.find('/') == word.npos) {
        const auto address = plain_form(ip::make_address(word, error));
        if (error) return false;
        if (address.is_v4())
            v4_.emplace_back(address.to_v4(), 32);
        else
            v6_.emplace_back(address.to_v6(), 128);
        return true;
    }
    const auto four = ip::make_network_v4(word, error);
    if (!error) {
        v4_.push_back(four.canonical());
        return true;
    }
    const auto six = ip::make_network_v6(word, error);
    if (!error) v6_.push_back(six.canonical());
    return !error;
}

bool Networks::contains(const ip::address& address) const {
    const auto plain = plain_form(address);
    if (plain.is_v6()) {
        return std::any_of(v6_.begin(), v6_.end(),
                           [&](const auto& network) { return contains_v6(network, plain.to_v6()); });
    }
    return std::any_of(v4_.begin(), v4_.end(), [&](const auto& network) {
        return ip::network_v4(plain.to_v4(), network.prefix_length()).canonical() == network;
    });
}

}  // namespace longhand::net
