#include "cli/workshop.h"

namespace longhand::cli {

Workshop::Workshop(Runtime& runtime, Installation& installation, Provider& provider, engine::EngineOptions options,
                   unsigned typesetters)
    : typesetter_(typeset::make_typesetter(runtime, typesetters)),
      engine_(std::make_unique<engine::Engine>(runtime, installation.store(), installation.files(), provider.model(),
                                               *typesetter_, std::move(options))),
      documents_(
          std::make_unique<engine::Documents>(runtime, installation.store(), installation.files(), *typesetter_)) {
    installation.store().observe(
        [engine = engine_.get()](const store::Committed& committed) { engine->on_committed(committed); });
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
        return Failure<UsageErrc>{UsageErrc::wrong,
                                  "The lease should be at least three beats long, so that a late beat loses nothing: "
                                  "see --lease and --beat."};
    }
    result.workers = *workers;
    result.beat = *beat;
    result.lease = *lease;
    result.watchdog = *lease * 2 / 3;
    return result;
}

}  // namespace longhand::cli
