// The raw client of net_testing.h.
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <stdexcept>

#include "net/net_testing.h"

namespace longhand::net::testing {

using asio::ip::tcp;

RawClient::RawClient(std::uint16_t port) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval patience{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void RawClient::send(std::string_view bytes) {
    boost::system::error_code closed;
    asio::write(socket_, asio::buffer(bytes), closed);
}

void RawClient::reset() {
    socket_.set_option(tcp::socket::linger(true, 0));
    socket_.close();
}

bool RawClient::read_more() {
    char piece[16384];
    const auto count = ::recv(socket_.native_handle(), piece, sizeof piece, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server sends nothing");
    if (count <= 0) return false;
    input_.append(piece, static_cast<std::size_t>(count));
    return true;
}

std::string RawClient::take(std::size_t size) {
    size = std::min(size, input_.size());
    std::string out = input_.substr(0, size);
    input_.erase(0, size);
    return out;
}

std::string RawClient::read_until(std::string_view end) {
    while (input_.find(end) == std::string::npos) {
        if (!read_more()) return take(input_.size());
    }
    return take(input_.find(end) + end.size());
}

std::string RawClient::read_to_end() {
    while (read_more()) {
    }
    return take(input_.size());
}

std::string RawClient::take_chunks(bool& is_whole) {
    std::string body;
    while (true) {
        const std::string line = read_until("\r\n");
        if (!line.ends_with("\r\n")) return body;
        const auto size = std::stoul(line, nullptr, 16);
        while (input_.size() < size + 2 && read_more()) {
        }
        body += take(size);
        if (take(2) != "\r\n") return body;
        is_whole = size == 0;
        if (is_whole) return body;
    }
}

RawReply RawClient::receive(bool has_body) {
    RawReply reply;
    const std::string head = read_until("\r\n\r\n");
    if (!head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::stoi(head.substr(9, 3));
    for (auto at = head.find("\r\n") + 2; at + 2 < head.size(); at = head.find("\r\n", at) + 2) {
        const auto colon = head.find(": ", at);
        reply.headers[head.substr(at, colon - at)] = head.substr(colon + 2, head.find("\r\n", at) - colon - 2);
    }
    if (!has_body || reply.status < 200 || reply.status == 304 || reply.status == 204) {
        reply.is_whole = true;
    } else if (reply.headers.contains("content-length")) {
        const auto size = std::stoul(reply.headers["content-length"]);
        while (input_.size() < size && read_more()) {
        }
        reply.is_whole = input_.size() >= size;
        reply.body = take(size);
    } else if (reply.headers.contains("transfer-encoding")) {
        reply.body = take_chunks(reply.is_whole);
    } else {
        reply.body = read_to_end();
        reply.is_whole = true;
    }
    return reply;
}

RawReply ask(std::uint16_t port, std::string_view request) {
    RawClient client(port);
    client.send(request);
    return client.receive();
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace longhand::net::testing
