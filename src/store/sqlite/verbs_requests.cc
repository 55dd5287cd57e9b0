#include "store/sqlite/verbs_requests.h"

namespace longhand::store::sqlite {

std::optional<KeptRequest> kept_answer(Connection& connection, const Uuid& owner, const std::string& key,
                                       WallTime now) {
    auto query = connection.query("kept_answer");
    query.bind_all(owner, key, now - kAnswersKept);
    if (!query.step()) return std::nullopt;
    KeptRequest kept;
    kept.fingerprint = query.text();
    kept.answer.status = static_cast<int>(query.integer());
    kept.answer.body = query.text();
    return kept;
}

bool is_answered(const Write& write, const RepeatableRequest& request) {
    return !request.key.empty() && kept_answer(write.connection, request.owner, request.key, write.now).has_value();
}

StoreFailure repeated() {
    return {StoreErrc::repeated, "a request of that key was answered already"};
}

void insert_answer(Write& write, const RepeatableRequest& request, const KeptAnswer& answer) {
    write.connection.query("keep_answer")
        .bind_all(request.owner, request.key, request.fingerprint, answer.status, answer.body, write.now)
        .run();
}

StoreResult<void> keep_answer(Write& write, const RepeatableRequest& request, const KeptAnswer& answer) {
    if (is_answered(write, request)) return repeated();
    insert_answer(write, request, answer);
    return {};
}

StoreResult<std::size_t> drop_old_answers(Write& write, std::size_t limit) {
    const auto dropped = write.connection.query("drop_old_answers")
                             .bind_all(write.now - kAnswersKept, static_cast<std::int64_t>(limit))
                             .run();
    return static_cast<std::size_t>(dropped);
}

}  // namespace longhand::store::sqlite
