// Template bodies of base/runtime.h.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>

namespace longhand {

template <class T>
awaitable<T> run_blocking(Runtime& runtime, std::function<T()> work) {
    auto initiation = [&runtime](auto handler, std::function<T()> job) {
        auto executor = asio::get_associated_executor(handler, runtime.executor());
        // Keeps the caller's loop alive while the work is elsewhere.
        auto guard = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        runtime.post_blocking([job = std::move(job), shared, executor, guard]() mutable {
            std::exception_ptr error;
            std::optional<T> value;
            try {
                value.emplace(job());
            } catch (...) {
                error = std::current_exception();
            }
            job = nullptr;
            asio::post(executor, [shared = std::move(shared), error, value = std::move(value)]() mutable {
                std::move (*shared)(error, std::move(value));
            });
        });
    };
    auto value =
        co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr, std::optional<T>)>(
            std::move(initiation), asio::use_awaitable, std::move(work));
    co_return std::move(*value);
}

}  // namespace longhand
