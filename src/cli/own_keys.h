// Users' own provider keys where an installation, its secret and its provider meet.
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "cli/installation.h"
#include "cli/provider.h"
#include "engine/engine.h"
#include "http/key_ring.h"
#include "http/provider_keys.h"

namespace longhand::cli {

/// Follows the installation's secret file, which `secret rotate` replaces; tells `log` (optional) when it can't.
/// `runtime` outlives the ring.
std::shared_ptr<const http::KeyRing> key_ring_of(const Installation& installation, const Runtime& runtime,
                                                 std::shared_ptr<spdlog::logger> log);

/// How the engine gets at the model with a user's own key. What it is given outlives it.
engine::OwnModel own_model_of(Provider& provider, const http::ProviderKeys& keys);

/// Seals again what is not under the newest secret: what a rotation was ended before. Says in `log` what it did.
void reseal(const http::ProviderKeys& keys, asio::io_context& loop, spdlog::logger& log);

}  // namespace longhand::cli
