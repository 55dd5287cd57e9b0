// Prefer (RFC 7240): what a client would rather have, and what is made of it.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <optional>

#include "base/time.h"

namespace longhand::http {

/// The longest that a request may wait: proxies cut off what is silent for longer.
constexpr Seconds kLongestWait{60};

/// `wait` in seconds, at most kLongestWait; the first of several counts. Nothing when it is not there or is no number,
/// for a preference that is not understood is passed over.
std::optional<Seconds> preferred_wait(const boost::beast::http::fields& headers);

}  // namespace longhand::http
