// Template bodies of cli/installation.h.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace longhand::cli {

template <class T>
T run_on(asio::io_context& loop, awaitable<T> task) {
    std::optional<T> value;
    std::exception_ptr error;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr failed, T result) {
        error = failed;
        value.emplace(std::move(result));
        loop.stop();
    });
    loop.restart();
    loop.run();
    if (error) std::rethrow_exception(error);
    return std::move(*value);
}

}  // namespace longhand::cli
