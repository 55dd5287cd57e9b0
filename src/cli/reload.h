// SIGHUP: a running server takes up what its options' sources say now, as far as it can.
#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/option_set.h"
#include "cli/provider.h"
#include "engine/engine.h"
#include "http/app.h"
#include "net/tls.h"

namespace longhand::cli {

/// Used on the server's loop. What is changed: --log-level, --log-format, the provider's key, the models, --prices,
/// --context-tokens, the budget of jobs that name none, and the TLS certificate. Another option that has changed is
/// named in the log, and waits for a restart. Where anything can't be read nothing is changed.
class Reload {
public:
    /// All outlive it.
    struct Parts {
        spdlog::logger& log;
        Provider& provider;
        engine::Engine& engine;
        http::App& app;
        net::TlsCertificate* certificate;            ///< none: HTTP in the clear
        std::function<void()> certificate_was_read;  ///< for those who know it by its key
    };
    /// `options`: those that the server was started with.
    Reload(const Options& options, Parts parts) : started_(options), current_(options), parts_(std::move(parts)) {}

    void run();

private:
    void refuse(const std::string& why);
    /// The names of options that are not as they are in `before`.
    std::vector<std::string> changed(const Options& before, const Options& after) const;
    void tell(const Options& next) const;

    const Options started_;
    Options current_;
    Parts parts_;
};

}  // namespace longhand::cli
