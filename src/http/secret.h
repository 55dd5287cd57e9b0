// The signing secret of an installation: a file of its own, readable by its owner alone.
#pragma once

#include <string>

#include "base/result.h"

namespace longhand::http {

enum class SecretErrc {
    unreadable,  ///< can't be read, or made
    exposed,     ///< others may read it
    malformed,   ///< not 64 hexadecimal digits
};
template <class T>
using SecretResult = Result<T, SecretErrc>;

/// 32 random bytes, kept as 64 hexadecimal digits and a newline, mode 0600; made at the first call. Two processes that
/// make it at the same time get the same. The messages name the file and what to do.
SecretResult<std::string> load_or_make_secret(const std::string& path);

}  // namespace longhand::http
