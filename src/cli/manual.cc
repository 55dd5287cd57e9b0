#include "cli/manual.h"

#include <fmt/format.h>

#include <sstream>

#include "cli/version.h"

namespace longhand::cli {
namespace {

/// As text that troff sets as it is.
std::string plain(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) out += "\\&";
        line_begins = c == '\n';
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '"':
                out += "\\(dq";
                break;
            case '`':
                out += "\\(ga";
                break;
            case '^':
                out += "\\(ha";
                break;
            case '~':
                out += "\\(ti";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string usage_of(const CommandSpec& command) {
    std::string text = fmt::format(".B longhand {}\n", plain(command.name));
    if (!command.options.empty()) text += ".RI [ OPTIONS ]\n";
    for (const PositionalSpec& place : command.positionals)
        text +=
            place.required ? fmt::format(".I {}\n", plain(place.name)) : fmt::format(".RI [ {} ]\n", plain(place.name));
    return text;
}

std::string option_text(const OptionSpec& option) {
    std::string text = ".TP\n";
    text += option.value.empty() ? fmt::format(".B \\-\\-{}\n", plain(option.name))
                                 : fmt::format(".BI \\-\\-{} \" {}\"\n", plain(option.name), plain(option.value));
    text += plain(option.help);
    if (!option.fallback.empty()) text += plain(fmt::format(" (default {})", option.fallback));
    if (option.repeatable) text += "; may be given again";
    if (option.flag_only) text += "; as a flag alone";
    return text + ".\n";
}

std::string command_text(const CommandSpec& command) {
    std::string text = fmt::format(".SS \"{}\"\n{}.PP\n", plain(command.name), usage_of(command));
    text += plain(command.summary) + ".\n";
    if (!command.details.empty()) text += plain(command.details) + "\n";
    for (const PositionalSpec& place : command.positionals)
        text += fmt::format(".TP\n.I {}\n{}\n", plain(place.name), plain(place.help));
    for (const OptionSpec& option : command.options) text += option_text(option);
    text += ".PP\nExample:\n.PP\n.RS\n.nf\n" + plain(command.example) + "\n.fi\n.RE\n";
    return text;
}

constexpr std::string_view kPlaces = R"(.SH "WHERE OPTIONS COME FROM"
Every option is a flag, an environment variable and a key of the TOML file that
.B \-\-config
names, in that order of precedence.
.B \-\-max\-tokens
is
.B LONGHAND_MAX_TOKENS
and
.BR max_tokens .
An option that may be given again takes the lines of its variable, and an array of the file. What belongs to one call is a flag alone.
.SH "EXIT STATUS"
0 done, 1 the work failed, 2 wrong usage.
.SH FILES
.TP
.I $XDG_DATA_HOME/longhand
The data folder, unless
.B \-\-data
names another: the database longhand.db, uploads, artifacts, and the signing secret.
)";

}  // namespace

std::string manual_page(const std::vector<Command>& commands) {
    std::string text = fmt::format(".TH LONGHAND 1 \"\" \"longhand {}\" \"User Commands\"\n", plain(version_text()));
    text += ".SH NAME\nlonghand \\- writes long documents: a prompt and sources in, a typeset book out\n";
    text +=
        ".SH SYNOPSIS\n.B longhand\n.I COMMAND\n.RI [ OPTIONS ]\n.br\n.B longhand \\-\\-help\n.br\n.B longhand "
        "\\-\\-version\n";
    text += ".SH COMMANDS\n";
    for (const Command& command : commands) text += command_text(command.spec);
    text += kPlaces;
    return text;
}

}  // namespace longhand::cli
