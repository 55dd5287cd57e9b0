// Web addresses as users write them: what is read is what would be called.
#include <string>

#include "fuzz/target.h"
#include "net/public_address.h"
#include "net/web_address.h"

namespace longhand::fuzz {
namespace {

using net::WebAddress;

void check(const WebAddress& address) {
    require(address.url.starts_with("http://") || address.url.starts_with("https://"), "an address is of the web");
    require(address.url.size() <= net::kLongestWebAddress, "an address is not too long");
    require(address.port != 0, "an address has a port");
    require(!address.host.empty() && address.host.find_first_of("@/\\?#% ") == std::string::npos,
            "a host is a name or an address");
    require(address.url.find('@', 0) >= address.url.find_first_of("/?", 8), "an address has no user");
    require(address.url.starts_with(address.origin()), "an origin is where an address begins");
    const auto again = net::parse_web_address(address.url);
    require(again.has_value(), "an address that was read can be read again");
    require(again->url == address.url && again->host == address.host && again->port == address.port,
            "an address that was read stays as it is");
    require(again->literal == address.literal, "an address that was read stays the one it is");
    if (address.literal) net::is_public(*address.literal);
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const std::string_view text = as_text(data, size);
    if (const auto address = longhand::net::parse_web_address(text)) check(*address);
    const auto from = longhand::net::parse_web_address("https://example.org/a/b?c");
    if (const auto next = longhand::net::follow(*from, text)) check(*next);
    return 0;
}
