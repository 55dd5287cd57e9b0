#include "engine/own_model.h"

namespace longhand::engine {

using FoundModel = store::StoreResult<std::shared_ptr<llm::ChatModel>>;

awaitable<FoundModel> model_for(Environment& environment, Uuid owner, KeyOf key) {
    // Owned by nobody here: it outlives the engine.
    if (key == KeyOf::server) co_return std::shared_ptr<llm::ChatModel>(std::shared_ptr<void>(), &environment.model);
    if (!environment.options.own_model) {
        co_return store::StoreFailure{store::StoreErrc::not_found,
                                      "The job is to be written with its owner's own provider key, and this process "
                                      "takes none. Retry it on the server that it was started on."};
    }
    auto finding = environment.options.own_model(owner);
    co_return co_await std::move(finding);
}

}  // namespace longhand::engine
