// Template bodies of SqliteStore, for its two source files.
#pragma once

#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/verbs_requests.h"

namespace longhand::store::sqlite {

template <class T>
awaitable<StoreResult<T>> SqliteStore::write(std::string_view name, std::function<StoreResult<T>(Write&)> verb,
                                             Once<T> once) {
    // Shared with the operation: the queue may let go of it after this coroutine is gone.
    auto answer = std::make_shared<std::optional<StoreResult<T>>>();
    std::function<Outcome(Write&)> run = [answer, verb = std::move(verb), once = std::move(once)](Write& write) {
        if (is_answered(write, once.request)) {
            answer->emplace(repeated());
            return Outcome::undo;
        }
        answer->emplace(verb(write));
        if (!(*answer)->has_value()) return Outcome::undo;
        const bool may_be_repeated = !once.request.key.empty();
        if (const auto kept = may_be_repeated ? once.answer(**answer) : std::nullopt) {
            insert_answer(write, once.request, *kept);
        }
        return Outcome::keep;
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
