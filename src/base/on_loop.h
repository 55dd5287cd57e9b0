// The way from another thread to the engine's loop and back.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "base/runtime.h"

namespace longhand {

template <class T>
awaitable<std::optional<T>> kept(awaitable<T> task) {
    T value = co_await std::move(task);
    co_return std::optional<T>(std::move(value));
}

/// Runs `task` on the runtime's executor and resumes the caller, on its own executor, with what it returned or threw.
/// `task` owns what it uses, and ends by a stop token of its own: a caller that goes away does not end it.
template <class T>
awaitable<T> on_loop(Runtime& runtime, awaitable<T> task) {
    // Asio makes an empty value beside an exception, which not every type has.
    auto running = kept(std::move(task));
    auto hop = asio::co_spawn(runtime.executor(), std::move(running), asio::use_awaitable);
    std::optional<T> value = co_await std::move(hop);
    co_return std::move(*value);
}

}  // namespace longhand
