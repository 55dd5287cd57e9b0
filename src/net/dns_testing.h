// For tests: a DNS server on loopback that answers what it is told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace longhand::net::testing {

/// Runs until it is destroyed.
class DnsServer {
public:
    using Answers = std::vector<std::string>;  ///< addresses of both families

    DnsServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        if (bind(socket_, reinterpret_cast<sockaddr*>(&here), size) != 0 ||
            getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) != 0)
            throw std::runtime_error("no socket for the DNS server");
        port_ = ntohs(here.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~DnsServer() {
        shutdown(socket_, SHUT_RDWR);
        is_over_ = true;
        // A datagram to itself ends the wait.
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        here.sin_port = htons(port_);
        sendto(socket_, "", 1, 0, reinterpret_cast<sockaddr*>(&here), sizeof here);
        thread_.join();
        close(socket_);
    }

    boost::asio::ip::udp::endpoint endpoint() const { return {boost::asio::ip::address_v4::loopback(), port_}; }

    /// The first question for `name` of a family is answered with the first of `turns`, and so on; the last stays.
    void set(std::string name, std::vector<Answers> turns) {
        std::lock_guard lock(mutex_);
        names_[std::move(name)] = std::move(turns);
    }
    /// Answers wait while somebody has it.
    std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }
    int questions() const { return questions_; }

private:
    static constexpr std::uint16_t kA = 1, kAaaa = 28;

    void serve() {
        std::vector<unsigned char> packet(1500);
        while (!is_over_) {
            sockaddr_in from{};
            socklen_t size = sizeof from;
            const auto got =
                recvfrom(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (got < 17 || is_over_) continue;
            const std::string reply =
                answer({reinterpret_cast<const char*>(packet.data()), static_cast<std::size_t>(got)});
            sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
        }
    }

    std::string answer(std::string_view query) {
        ++questions_;
        std::string name;
        std::size_t at = 12;
        while (at < query.size() && query[at] != 0) {
            const auto length = static_cast<unsigned char>(query[at]);
            if (!name.empty()) name += '.';
            name += query.substr(at + 1, length);
            at += length + 1U;
        }
        const std::size_t end = at + 5;
        if (end > query.size()) return {};
        const auto type = static_cast<std::uint16_t>((static_cast<unsigned char>(query[at + 1]) << 8) |
                                                     static_cast<unsigned char>(query[at + 2]));
        const auto [is_known, records] = records_of(name, type);
        std::string reply(query.substr(0, 2));
        reply += '\x81';
        reply += is_known ? '\x80' : '\x83';
        reply += std::string_view("\0\1\0", 3);
        reply += static_cast<char>(records.size());
        reply += std::string_view("\0\0\0\0", 4);
        reply += query.substr(12, end - 12);
        for (const std::string& record : records) {
            reply += std::string_view("\xC0\x0C\0", 3);
            reply += static_cast<char>(type);
            reply += std::string_view("\0\1\0\0\0\0\0", 7);
            reply += static_cast<char>(record.size());
            reply += record;
        }
        return reply;
    }

    std::pair<bool, std::vector<std::string>> records_of(const std::string& name, std::uint16_t type) {
        std::lock_guard lock(mutex_);
        const auto found = names_.find(name);
        if (found == names_.end()) return {false, {}};
        auto& turn = turns_[{name, type}];
        const auto& turns = found->second;
        const auto& addresses = turns[std::min(turn++, turns.size() - 1)];
        std::vector<std::string> records;
        for (const auto& text : addresses) {
            const auto address = boost::asio::ip::make_address(text);
            if (address.is_v4() && type == kA) {
                const auto bytes = address.to_v4().to_bytes();
                records.emplace_back(bytes.begin(), bytes.end());
            } else if (address.is_v6() && type == kAaaa) {
                const auto bytes = address.to_v6().to_bytes();
                records.emplace_back(bytes.begin(), bytes.end());
            }
        }
        return {true, records};
    }

    int socket_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::map<std::string, std::vector<Answers>> names_;
    std::map<std::pair<std::string, std::uint16_t>, std::size_t> turns_;
    std::atomic<int> questions_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace longhand::net::testing
