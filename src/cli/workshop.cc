#include "cli/workshop.h"

#include <spdlog/logger.h>

namespace longhand::cli {

Workshop::Workshop(Runtime& runtime, Installation& installation, Provider& provider,
                   std::shared_ptr<const http::KeyRing> keys, engine::EngineOptions options, Children children)
    : provider_keys_(runtime, installation.store(), std::move(keys)) {
    if (options.log)
        children.policy.tell_operator = [log = options.log](const std::string& problem) { log->error("{}", problem); };
    typesetter_ = typeset::make_typesetter(runtime, children.typesetters, children.policy);
    options.policy = std::move(children.policy);
    options.prices = provider.defaults().prices;
    if (provider.takes_own_keys()) options.own_model = own_model_of(provider, provider_keys_);
    engine_ = std::make_unique<engine::Engine>(runtime, installation.store(), installation.files(), provider.model(),
                                               *typesetter_, std::move(options));
    documents_ = std::make_unique<engine::Documents>(runtime, installation.store(), installation.files(), *typesetter_);
    installation.store().observe(
        [engine = engine_.get()](const store::Committed& committed) { engine->on_committed(committed); },
        [engine = engine_.get()](const store::Committed& change) { return engine->on_written(change); });
}

Value<Children> children_of(const Options& options) {
    const auto typesetters = number_option(options, "typesetters", 1, 64);
    if (!typesetters) return typesetters.error();
    const auto sandbox = word_option(options, "sandbox", {"required", "limits-only"});
    if (!sandbox) return sandbox.error();
    return Children{static_cast<unsigned>(*typesetters), {sandbox::confine_from(*sandbox), {}}};
}

Value<engine::EngineOptions> engine_options_of(const Options& options) {
    engine::EngineOptions result;
    const auto workers = number_option(options, "workers", 0, 10'000);
    if (!workers) return workers.error();
    const auto beat = duration_option(options, "beat", Milliseconds{50}, std::chrono::minutes(5));
    if (!beat) return beat.error();
    const auto lease = duration_option(options, "lease", Milliseconds{200}, std::chrono::hours(1));
    if (!lease) return lease.error();
    if (*lease < 3 * *beat) {
        return wrong_usage(
            "The lease should be at least three beats long, so that a late beat loses nothing: "
            "see --lease and --beat.");
    }
    result.workers = *workers;
    result.beat = *beat;
    result.lease = *lease;
    result.watchdog = *lease * 2 / 3;
    return result;
}

}  // namespace longhand::cli
