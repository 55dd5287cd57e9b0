// A command: its words, and what runs it.
#pragma once

#include <string>
#include <vector>

#include "cli/option_set.h"

namespace longhand::cli {

/// Exit statuses of every command.
inline constexpr int kDone = 0, kFailed = 1, kUsage = 2;

struct Command {
    CommandSpec spec;
    int (*run)(const Options& options);
};

/// Every command, in the order of the help. Names of two words (`user add`) are commands of their own.
const std::vector<Command>& commands();

/// Prints `longhand: MESSAGE` on standard error and gives `status`.
int complain(const std::string& message, int status = kFailed);

// Groups of options that several commands share.
std::vector<OptionSpec> operator+(std::vector<OptionSpec> left, const std::vector<OptionSpec>& right);
/// --log-level, with `level` as its default, and --log-format.
std::vector<OptionSpec> log_options(const std::string& level);
std::vector<OptionSpec> store_options();     ///< --data, --secret-file, --config, and log_options
std::vector<OptionSpec> provider_options();  ///< --provider, its key, the models, --prices
std::vector<OptionSpec> budget_options();    ///< --max-cost-usd, --max-tokens: read by `budget_of`
std::vector<OptionSpec> child_options();     ///< --typesetters, --sandbox
std::vector<OptionSpec> engine_options();    ///< --workers, --beat, --lease, and child_options
std::vector<OptionSpec>
client_options();  ///< --server, --token, --json, --data, --secret-file, --config, and log_options

// The groups of commands, a file each.
std::vector<Command> write_commands();
std::vector<Command> serve_commands();
std::vector<Command> account_commands();
std::vector<Command> secret_commands();
std::vector<Command> backup_commands();
std::vector<Command> migrate_commands();
std::vector<Command> job_commands();
std::vector<Command> model_commands();
std::vector<Command> doctor_commands();
std::vector<Command> manual_commands();

}  // namespace longhand::cli
