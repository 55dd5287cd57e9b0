// What can go wrong between two ends of a connection.
#pragma once

#include "base/result.h"

namespace longhand::net {

enum class NetErrc {
    unreachable,  ///< no connection: refused, no route, name not found, TLS refused
    timeout,      ///< a deadline passed; the message says which
    closed,       ///< the other end closed or reset before the message was whole
    too_large,    ///< more bytes than the caller allows
    malformed,    ///< not the protocol
    stopped,      ///< the stop token was raised; quiet
};

template <class T>
using NetResult = Result<T, NetErrc>;
using NetFailure = Failure<NetErrc>;

}  // namespace longhand::net
