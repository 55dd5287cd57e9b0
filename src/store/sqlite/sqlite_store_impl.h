// Template bodies of SqliteStore, for its two source files.
#pragma once

#include "store/sqlite/sqlite_store.h"

namespace longhand::store::sqlite {

template <class T>
awaitable<StoreResult<T>> SqliteStore::write(std::string_view name, std::function<StoreResult<T>(Write&)> verb) {
    // Shared with the operation: the queue may let go of it after this coroutine is gone.
    auto answer = std::make_shared<std::optional<StoreResult<T>>>();
    std::function<Outcome(Write&)> run = [answer, verb = std::move(verb)](Write& write) {
        answer->emplace(verb(write));
        return (*answer)->has_value() ? Outcome::keep : Outcome::undo;
    };
    auto committed = co_await submit(name, std::move(run));
    if (!committed) co_return committed.error();
    co_return std::move(**answer);
}

template <class T>
awaitable<StoreResult<T>> SqliteStore::read(std::function<StoreResult<T>(Connection&)> verb) {
    std::optional<StoreResult<T>> answer;
    try {
        reads_->read([&](Connection& connection) { answer.emplace(verb(connection)); });
    } catch (const DatabaseFailure& failure) {
        answer.emplace(failure_of(failure));
    }
    co_return std::move(*answer);
}

}  // namespace longhand::store::sqlite
