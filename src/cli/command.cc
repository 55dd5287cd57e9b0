#include "cli/command.h"

#include <cstdio>

namespace longhand::cli {

int complain(const std::string& message, int status) {
    std::fprintf(stderr, "longhand: %s\n", message.c_str());
    return status;
}

std::vector<OptionSpec> operator+(std::vector<OptionSpec> left, const std::vector<OptionSpec>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

std::vector<OptionSpec> log_options(const std::string& level) {
    return {
        {.name = "log-level",
         .value = "LEVEL",
         .help = "debug, info, warning, error or off",
         .fallback = level,
         .words = {"debug", "info", "warning", "error", "off"}},
        {.name = "log-format", .value = "FORM", .help = "text or json", .fallback = "text", .words = {"text", "json"}},
    };
}

std::vector<OptionSpec> store_options() {
    const std::vector<OptionSpec> shared = {
        {.name = "data", .value = "DIR", .help = "the data folder (default $XDG_DATA_HOME/longhand)"},
        {.name = "secret-file", .value = "FILE", .help = "the signing secret (default: secret in the data folder)"},
        {.name = "config", .value = "FILE", .help = "options from a TOML file: keys are the flags' names with _ for -"},
    };
    return shared + log_options("info");
}

std::vector<OptionSpec> provider_options() {
    return {
        {.name = "provider",
         .value = "URL",
         .help = "base URL of an OpenAI-compatible API, version included (default: the offline model)"},
        {.name = "provider-key",
         .value = "KEY",
         .help = "its key; --provider-key-file or the environment keep it out of the process list"},
        {.name = "provider-key-file", .value = "FILE", .help = "a file that holds the key"},
        {.name = "model", .value = "NAME", .help = "the model for all three roles"},
        {.name = "reasoning-model", .value = "NAME", .help = "the model that plans"},
        {.name = "writing-model", .value = "NAME", .help = "the model that writes"},
        {.name = "function-model", .value = "NAME", .help = "the model for small structured answers"},
        {.name = "prices",
         .value = "FILE",
         .help = "what models cost: TOML, per model prompt, completion and cached, in US dollars per million tokens"},
        {.name = "context-tokens", .value = "N", .help = "the longest prompt the model can take (default: no bound)"},
    };
}

std::vector<OptionSpec> budget_options() {
    return {
        {.name = "max-cost-usd",
         .value = "N",
         .help = "what a job may cost, in US dollars, before it pauses (default: no cap)"},
        {.name = "max-tokens",
         .value = "N",
         .help = "tokens of prompts and answers that a job may take before it pauses (default: no cap)"},
    };
}

std::vector<OptionSpec> child_options() {
    return {
        {.name = "typesetters", .value = "N", .help = "typesetting processes at once", .fallback = "2"},
        {.name = "sandbox",
         .value = "WORD",
         .help = "required, or limits-only: child processes bounded but not confined, where the machine has no sandbox",
         .fallback = "required"},
    };
}

std::vector<OptionSpec> engine_options() {
    const std::vector<OptionSpec> own = {
        {.name = "workers", .value = "N", .help = "jobs at once; 0 serves HTTP only", .fallback = "64"},
        {.name = "beat", .value = "TIME", .help = "how often leases are renewed", .fallback = "2s"},
        {.name = "lease", .value = "TIME", .help = "how long a lease holds", .fallback = "15s"},
    };
    return own + child_options();
}

std::vector<OptionSpec> client_options() {
    const std::vector<OptionSpec> own = {
        {.name = "server",
         .value = "URL",
         .help = "the server (default: the one that holds the data folder, else http://127.0.0.1:8080)"},
        {.name = "token",
         .value = "TOKEN",
         .help = "a session token or an API key (default: signed with the data folder's secret)"},
        {.name = "json", .help = "the server's answers as JSON"},
        {.name = "data",
         .value = "DIR",
         .help = "the data folder of a server on this machine (default $XDG_DATA_HOME/longhand)"},
        {.name = "secret-file", .value = "FILE", .help = "its signing secret (default: secret in the data folder)"},
        {.name = "config", .value = "FILE", .help = "options from a TOML file: keys are the flags' names with _ for -"},
    };
    return own + log_options("warning");
}

const std::vector<Command>& commands() {
    static const std::vector<Command> all = [] {
        std::vector<Command> list;
        for (auto group : {write_commands, serve_commands, job_commands, account_commands, secret_commands,
                           backup_commands, migrate_commands, model_commands, doctor_commands, manual_commands}) {
            for (Command& command : group()) list.push_back(std::move(command));
        }
        return list;
    }();
    return all;
}

}  // namespace longhand::cli
