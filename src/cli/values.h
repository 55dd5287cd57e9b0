// Values of options as what they mean, with errors that name the option and what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cli/option_set.h"
#include "job/ledger.h"
#include "net/networks.h"

namespace longhand::cli {

template <class T>
using Value = Result<T, UsageErrc>;

Value<std::uint64_t> number_option(const Options& options, std::string_view name, std::uint64_t least,
                                   std::uint64_t most);
Value<Milliseconds> duration_option(const Options& options, std::string_view name, Milliseconds least,
                                    Milliseconds most);
/// One of `words`.
Value<std::string> word_option(const Options& options, std::string_view name, const std::vector<std::string>& words);

/// The addresses and networks of a repeatable option, with commas between several.
Value<net::Networks> networks_option(const Options& options, std::string_view name);

/// --max-cost-usd and --max-tokens; what is not given is no cap.
Value<job::Budget> budget_of(const Options& options);
/// `text` with a full stop, where it ends with no such mark.
std::string sentence(std::string text);

struct Address {
    std::string host;
    std::uint16_t port = 0;
    bool is_loopback() const;
};
/// `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`, `:8080` (every address).
Value<Address> address_option(const Options& options, std::string_view name);

}  // namespace longhand::cli
