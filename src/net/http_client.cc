#include "net/http_client.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/curl_multi.h"
#include "net/curl_transfer.h"

namespace longhand::net {

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
    for (const auto& [own, value] : headers) {
        if (own == name) return value;
    }
    return std::nullopt;
}

class HttpClient::Impl {
public:
    Impl(asio::io_context& loop, Options options) : loop_(loop), options_(std::move(options)), multi_(loop) {
        multi_.on_done([](CURL* easy, CURLcode result) { CurlTransfer::of(easy).finish(result); });
    }

    std::shared_ptr<CurlTransfer> make(HttpCall call, StopToken stop) {
        return std::make_shared<CurlTransfer>(loop_, multi_, options_, std::move(call), std::move(stop));
    }

    /// Starts the transfer from the loop, as curl takes no new one inside a callback of another, and resumes the caller
    /// on its own executor when it has ended.
    awaitable<void> run(std::shared_ptr<CurlTransfer> transfer) {
        auto initiation = [this](auto handler, std::shared_ptr<CurlTransfer> started) {
            auto executor = asio::get_associated_executor(handler, loop_.get_executor());
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            auto finished = [executor, shared] { asio::post(executor, [shared] { std::move (*shared)(); }); };
            asio::post(loop_, [started, finished] { started->start(finished); });
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiation),
                                                                              asio::use_awaitable, transfer);
    }

    asio::io_context& loop() { return loop_; }

private:
    asio::io_context& loop_;
    Options options_;
    CurlMulti multi_;
};

HttpClient::HttpClient(asio::io_context& loop, Options options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}

HttpClient::~HttpClient() = default;

awaitable<NetResult<HttpReply>> HttpClient::perform(HttpCall call, StopToken stop) {
    auto transfer = impl_->make(std::move(call), stop);
    // Posted: the stop may come from another thread, or from within a callback of this very call.
    auto& loop = impl_->loop();
    StopCallback on_stop(stop, [&loop, transfer] { asio::post(loop, [transfer] { transfer->stop(); }); });
    co_await impl_->run(transfer);
    co_return transfer->take_result();
}

}  // namespace longhand::net
