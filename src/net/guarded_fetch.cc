#include "net/guarded_fetch.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "net/public_address.h"

namespace longhand::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kNotPublic = "leads to an address that is not public";

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// For messages: a query may be secret.
std::string without_query(const std::string& url) {
    return url.substr(0, url.find('?'));
}

FetchFailure about(const std::string& url, FetchFailure failure) {
    if (failure.code == FetchErrc::stopped) return failure;
    return {failure.code, without_query(url) + " " + failure.message + "."};
}

FetchFailure from_net(NetFailure failure) {
    switch (failure.code) {
        case NetErrc::stopped:
            return {FetchErrc::stopped, "stopped"};
        case NetErrc::unreachable:
        case NetErrc::timeout:
        case NetErrc::closed:
        case NetErrc::too_large:
        case NetErrc::malformed:
            break;
    }
    return {FetchErrc::failed, std::move(failure.message)};
}

Milliseconds left_until(Clock::time_point deadline) {
    return std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
}

}  // namespace

bool AddressGuard::allows(const boost::asio::ip::address& address) const {
    return is_public(address) || allowed_.contains(address);
}

awaitable<FetchResult<CheckedAddress>> AddressGuard::check(WebAddress web, Milliseconds limit, StopToken stop,
                                                           std::shared_ptr<const void> held) const {
    CheckedAddress checked{std::move(web), {}};
    if (checked.web.literal) {
        checked.addresses.push_back(*checked.web.literal);
    } else {
        auto resolving = resolver_.resolve(checked.web.host, limit, std::move(stop), std::move(held));
        NetResult<Addresses> found = co_await std::move(resolving);
        if (!found) {
            const bool is_late = found.error().code == NetErrc::timeout;
            auto failure = from_net(found.error());
            if (is_late) failure.code = FetchErrc::unnamed;
            if (failure.code != FetchErrc::stopped) failure.message = "can't be reached: " + failure.message;
            co_return failure;
        }
        checked.addresses = std::move(*found);
    }
    const bool may_be_reached = std::all_of(checked.addresses.begin(), checked.addresses.end(),
                                            [this](const auto& address) { return allows(address); });
    if (!may_be_reached) co_return FetchFailure{FetchErrc::refused, std::string(kNotPublic)};
    co_return checked;
}

GuardedFetch::GuardedFetch(asio::io_context& loop, const AddressGuard& guard)
    : guard_(guard), client_(loop, {.user_agent = "longhand", .use_environment_proxy = false}) {}

awaitable<FetchResult<HttpReply>> GuardedFetch::call(const FetchRequest& request, CheckedAddress to, Milliseconds left,
                                                     StopToken stop) {
    HttpCall call;
    call.method = request.method;
    call.url = to.web.url;
    call.headers = request.headers;
    call.body = request.body;
    call.connect_timeout = request.connect_timeout;
    call.first_byte_timeout = request.first_byte_timeout;
    call.idle_timeout = request.idle_timeout;
    call.total_timeout = left;
    call.max_bytes = request.max_bytes;
    call.max_head_bytes = request.max_head_bytes;
    if (request.drops_body) call.on_data = [](std::string_view) { return true; };
    call.only_to = {to.web.host, to.web.port, std::move(to.addresses)};
    auto performing = client_.perform(std::move(call), std::move(stop));
    NetResult<HttpReply> reply = co_await std::move(performing);
    if (!reply) co_return from_net(reply.error());
    co_return std::move(*reply);
}

awaitable<FetchResult<FetchReply>> GuardedFetch::fetch(FetchRequest request, StopToken stop) {
    const auto deadline = Clock::now() + request.limit;
    auto web = parse_web_address(request.url);
    if (!web) co_return about(request.url, {FetchErrc::refused, web.error().message});
    for (unsigned redirects = 0;; ++redirects) {
        if (left_until(deadline) <= Milliseconds{0}) {
            co_return about(web->url, {FetchErrc::failed, "took too long"});
        }
        auto checking = guard_.check(*web, left_until(deadline), stop, request.held);
        FetchResult<CheckedAddress> checked = co_await std::move(checking);
        if (!checked) co_return about(web->url, checked.error());
        const auto left = std::max(left_until(deadline), Milliseconds{1});
        auto calling = call(request, std::move(*checked), left, stop);
        FetchResult<HttpReply> reply = co_await std::move(calling);
        if (!reply) co_return reply.error();
        const auto location = reply->header("location");
        if (!is_redirect(reply->status) || !location || redirects == request.most_redirects) {
            co_return FetchReply{std::move(*reply), web->url};
        }
        auto next = follow(*web, *location);
        if (!next) {
            co_return about(web->url, {FetchErrc::refused, "leads to another address, which " + next.error().message});
        }
        web = std::move(next);
        request.method = "GET";
        request.body.clear();
    }
}

}  // namespace longhand::net
