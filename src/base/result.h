// Errors as values.
//
// Each layer has a small enum of what can go wrong (`StoreErrc`, `LlmErrc`, ...) and returns `Result<T,
// Failure<Errc>>`. A layer's errors are translated where they cross its boundary, by a switch without a default, so
// that a new one breaks the build. Exceptions are for bugs and for lost memory.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace longhand {

/// What went wrong, and a sentence for the log or for a person: what happened, to what, what to do next.
template <class Errc>
struct Failure {
    Errc code{};
    std::string message;
};

/// Reading the value of a failed Result is a bug in the caller.
template <class Errc>
[[noreturn]] void throw_exception_from_error(const Failure<Errc>& failure, const boost::source_location&) {
    throw std::logic_error("value() of a failed result: " + failure.message);
}

/// `boost::system::result` that may not be dropped. `if (!r) return r.error();`, `*r`, `r->field`.
template <class T, class Errc>
class [[nodiscard]] Result : public boost::system::result<T, Failure<Errc>> {
public:
    using boost::system::result<T, Failure<Errc>>::result;
};

/// For a call whose failure changes nothing for the caller; `why` is read by people only.
template <class T, class Errc>
void ignore_result(const Result<T, Errc>&, const char* /*why*/) {}

}  // namespace longhand
