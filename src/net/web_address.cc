#include "net/web_address.h"

#include <curl/curl.h>
#include <idn2.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <new>

namespace longhand::net {
namespace {

namespace ip = boost::asio::ip;
using Parsed = Result<WebAddress, WebAddressErrc>;

struct CurlUrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

Failure<WebAddressErrc> malformed(std::string message) {
    return {WebAddressErrc::malformed, std::move(message)};
}

std::optional<std::string> part_of(const CurlUrl& url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return std::string(text);
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F;
    });
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// libcurl does this too, but by the locale of the process. Empty for what can't be a name.
std::string in_ascii(const std::string& host) {
    const bool is_ascii =
        std::all_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (is_ascii) return host;
    std::uint8_t* name = nullptr;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(host.c_str());
    if (idn2_lookup_u8(bytes, &name, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return {};
    const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owner(name, &idn2_free);
    return reinterpret_cast<const char*>(name);
}

// What the host is called wherever it is compared or looked up; empty when it is none.
std::string plain_host(const CurlUrl& url) {
    std::string host = in_ascii(part_of(url, CURLUPART_HOST).value_or(""));
    for (char& c : host) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        boost::system::error_code error;
        ip::make_address_v6(host, error);
        return error ? std::string() : host;
    }
    if (host.ends_with('.')) host.pop_back();
    const bool has_empty_label = host.starts_with('.') || host.ends_with('.') || host.find("..") != std::string::npos;
    const bool is_plain = !has_empty_label && std::all_of(host.begin(), host.end(), is_host_character);
    return is_plain && host.size() <= 253 ? host : std::string();
}

CurlUrl new_url() {
    CurlUrl url(curl_url());
    if (!url) throw std::bad_alloc();
    return url;
}

// libcurl leaves the bytes of an absolute redirect as they came: an address goes into texts that are UTF-8.
std::string with_bytes_escaped(std::string_view url) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string plain;
    for (const char c : url) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            plain += c;
        } else {
            plain += '%';
            plain += kHex[byte >> 4];
            plain += kHex[byte & 15];
        }
    }
    return plain;
}

Parsed read(const CurlUrl& url) {
    WebAddress address;
    const auto scheme = part_of(url, CURLUPART_SCHEME).value_or("");
    if (scheme != "http" && scheme != "https") return malformed("should begin with http:// or https://");
    if (part_of(url, CURLUPART_ZONEID)) return malformed("names a network interface");
    address.host = plain_host(url);
    if (address.host.empty()) return malformed("has no host that could be looked up");
    const auto port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
        return malformed("has a port that no server can have");
    boost::system::error_code no_literal;
    const auto literal = ip::make_address(address.host, no_literal);
    if (!no_literal) address.literal = literal;
    const bool is_v6 = address.literal && address.literal->is_v6();
    const std::string shown = is_v6 ? "[" + address.host + "]" : address.host;
    // What was checked is what is fetched, in this very form.
    if (curl_url_set(url.get(), CURLUPART_HOST, shown.c_str(), 0) != CURLUE_OK)
        return malformed("has no host that could be looked up");
    curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
    address.url = with_bytes_escaped(part_of(url, CURLUPART_URL).value_or(""));
    if (address.url.empty() || address.url.size() > kLongestWebAddress) return malformed("is too long");
    return address;
}

Parsed set_and_read(const CurlUrl& url, std::string_view text) {
    if (text.size() > kLongestWebAddress) {
        return malformed("is longer than " + std::to_string(kLongestWebAddress) + " bytes");
    }
    if (has_control_characters(text)) return malformed("has a space or a control character in it");
    const auto code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED) return malformed("has a user name or a password in it");
    if (code == CURLUE_UNSUPPORTED_SCHEME || code == CURLUE_BAD_SCHEME)
        return malformed("should begin with http:// or https://");
    if (code != CURLUE_OK) return malformed("is no whole web address, such as https://example.org/page");
    const auto first = read(url);
    if (!first) return first;
    // Once more: with its host in ASCII it may be a number, which stands for an address.
    const CurlUrl again = new_url();
    if (curl_url_set(again.get(), CURLUPART_URL, first->url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return malformed("has no host that could be looked up");
    return read(again);
}

}  // namespace

std::string WebAddress::origin() const {
    const auto path = url.find_first_of("/?", url.find("://") + 3);
    return url.substr(0, path);
}

Parsed parse_web_address(std::string_view text) {
    return set_and_read(new_url(), text);
}

Parsed follow(const WebAddress& from, std::string_view location) {
    const CurlUrl url = new_url();
    if (curl_url_set(url.get(), CURLUPART_URL, from.url.c_str(), 0) != CURLUE_OK)
        return malformed("is no whole web address, such as https://example.org/page");
    return set_and_read(url, location);
}

}  // namespace longhand::net
