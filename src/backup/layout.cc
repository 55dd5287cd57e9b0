#include "backup/layout.h"

#include <algorithm>

#include "base/uuid.h"

namespace longhand::backup {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kFormat = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
constexpr std::size_t kLongestFormat = 64;

bool is_made_of(std::string_view text, std::string_view letters) {
    return !text.empty() && text.find_first_not_of(letters) == text.npos;
}

bool is_artifact_name(std::string_view name) {
    const auto dash = name.rfind('-');
    if (dash == name.npos || dash > kLongestFormat || name.front() == '.') return false;
    return is_made_of(name.substr(0, dash), kFormat) && name.size() - dash - 1 == 64 &&
           is_made_of(name.substr(dash + 1), kHex);
}

}  // namespace

bool is_stored_file(std::string_view name) {
    constexpr std::string_view kUploads = "uploads/", kArtifacts = "artifacts/";
    if (name.starts_with(kUploads)) {
        name.remove_prefix(kUploads.size());
        return name.size() == 32 && is_made_of(name, kHex);
    }
    if (!name.starts_with(kArtifacts)) return false;
    name.remove_prefix(kArtifacts.size());
    const auto slash = name.find('/');
    if (slash == name.npos) return false;
    const auto job = Uuid::parse(name.substr(0, slash));
    return job && job->to_string() == name.substr(0, slash) && is_artifact_name(name.substr(slash + 1));
}

}  // namespace longhand::backup
