// secret rotate.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "cli/command.h"
#include "cli/installation.h"
#include "http/secret.h"

namespace longhand::cli {
namespace {

int rotate(const Options& options) {
    const auto data = data_path(options);
    if (!data) return complain(data.error().message, status_of(data.error().code));
    const std::string path = secret_path(options, *data);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return complain(
            fmt::format("There is no secret at {} yet, so there is nothing to replace: 'longhand serve' "
                        "makes one. Name another with --data or --secret-file.",
                        path));
    }
    const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    const auto until = http::rotate_secret(path, now);
    if (!until) return complain(until.error().message);
    std::printf(
        "%s has a new secret; a running server signs with it within a second.\nTokens and links of the former one hold "
        "until they expire; it is kept until %s.\n",
        path.c_str(), format_wall_time(*until).c_str());
    return kDone;
}

}  // namespace

std::vector<Command> secret_commands() {
    return {{{"secret rotate",
              "replaces the signing secret; old tokens and links hold till they expire",
              "longhand secret rotate --data ./data",
              {},
              store_options(),
              "A running server takes the new one up within a second. Where the secret may be known to others, remove "
              "its file and restart the server instead: then old tokens and links end."},
             rotate}};
}

}  // namespace longhand::cli
