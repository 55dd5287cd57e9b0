#include "cli/version.h"

namespace longhand::cli {

std::string version_text() {
    std::string text = LONGHAND_VERSION;
    if (const std::string commit = LONGHAND_COMMIT; !commit.empty()) text += " (" + commit + ")";
    return text;
}

}  // namespace longhand::cli
