// A process that runs jobs: the engine with all that it stands on. `serve` puts HTTP before it, `write` a progress bar.
#pragma once

#include <memory>

#include "cli/installation.h"
#include "cli/own_keys.h"
#include "cli/provider.h"
#include "cli/values.h"
#include "engine/documents.h"
#include "engine/engine.h"
#include "sandbox/run.h"
#include "typeset/typesetter.h"

namespace longhand::cli {

/// How child processes are run.
struct Children {
    unsigned typesetters = 1;
    sandbox::Policy policy = {};
};
/// By --typesetters and --sandbox. Errors: wrong.
Value<Children> children_of(const Options& options);

/// Built and used on one loop, that of `runtime`. The engine is not started.
class Workshop {
public:
    /// All references outlive it. The store's observer is set here. `keys` opens users' own provider keys.
    Workshop(Runtime& runtime, Installation& installation, Provider& provider,
             std::shared_ptr<const http::KeyRing> keys, engine::EngineOptions options, Children children);

    engine::Engine& engine() { return *engine_; }
    engine::Documents& documents() { return *documents_; }
    const http::ProviderKeys& provider_keys() const { return provider_keys_; }

private:
    const http::ProviderKeys provider_keys_;
    std::unique_ptr<typeset::Typesetter> typesetter_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<engine::Documents> documents_;
};

/// By --workers, --beat and --lease. Errors: wrong.
Value<engine::EngineOptions> engine_options_of(const Options& options);

}  // namespace longhand::cli
