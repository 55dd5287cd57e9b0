// What a job's model calls cost, and whether its budget has room for another: the arithmetic of the ledger.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/money.h"

namespace longhand::job {

/// One request to a provider: `reserved -> open -> settled | estimated | released`.
enum class CallState {
    reserved,   ///< about to leave, or gone, with nothing heard yet
    open,       ///< the provider has answered with a first byte
    settled,    ///< ended; the provider's own count
    estimated,  ///< ended; counted here, for the provider did not tell
    released,   ///< ended, and nothing was bought
};
inline constexpr std::array kCallStates = {CallState::reserved, CallState::open, CallState::settled,
                                           CallState::estimated, CallState::released};
std::string_view to_string(CallState state);
std::optional<CallState> parse_call_state(std::string_view word);
constexpr bool is_unfinished(CallState state) {
    return state == CallState::reserved || state == CallState::open;
}

/// Whose figure a cost is.
enum class CostFrom {
    provider,  ///< its own
    prices,    ///< its count of tokens by our table
    estimate,  ///< our count of tokens by our table
};
inline constexpr std::array kCostsFrom = {CostFrom::provider, CostFrom::prices, CostFrom::estimate};
std::string_view to_string(CostFrom from);
std::optional<CostFrom> parse_cost_from(std::string_view word);

struct CallTokens {
    std::int64_t prompt = 0;
    std::int64_t completion = 0;
    std::int64_t cached = 0;     ///< of the prompt's
    std::int64_t reasoning = 0;  ///< of the completion's
    std::int64_t billed() const { return prompt + completion; }
    bool operator==(const CallTokens&) const = default;
};

/// Per million tokens.
struct Price {
    UsdMicros prompt;
    UsdMicros completion;
    UsdMicros cached;
    bool operator==(const Price&) const = default;
};
/// Rounded up.
UsdMicros cost_of(const Price& price, const CallTokens& tokens);

/// What a job may spend over all its runs; nothing: no cap.
struct Budget {
    std::optional<UsdMicros> max_cost;
    std::optional<std::int64_t> max_tokens;
    bool operator==(const Budget&) const = default;
};
/// Bounds of what can be asked for.
inline constexpr UsdMicros kHighestCap{1'000'000'000'000};  ///< a million dollars
inline constexpr std::int64_t kMostTokens = 1'000'000'000'000;

/// What is spent, and held for calls that have not ended.
struct Spending {
    UsdMicros spent_cost;
    UsdMicros reserved_cost;
    std::int64_t spent_tokens = 0;
    std::int64_t reserved_tokens = 0;
    std::int64_t unknown_costs = 0;  ///< ended calls that nobody gave a price for; not in the sums of money

    /// What was spent; nothing where a part of it is not known.
    std::optional<UsdMicros> known_cost() const {
        return unknown_costs == 0 ? std::optional(spent_cost) : std::nullopt;
    }
    bool operator==(const Spending&) const = default;
};

/// What a call may cost at most.
struct Reservation {
    std::int64_t tokens = 0;
    std::optional<UsdMicros> cost;  ///< nothing: its price is not known
    bool operator==(const Reservation&) const = default;
};
/// The prompt, at its full price, and all the tokens that the answer may have.
Reservation reservation_of(const std::optional<Price>& price, std::int64_t prompt_tokens,
                           std::int64_t most_completion_tokens);

enum class Cap { cost, tokens };
/// Which cap has no room for another call: the one rule of budgets, applied where the reservation is written. A cap on
/// money has room for no call without a price.
std::optional<Cap> cap_reached(const Budget& budget, const Spending& spending, const Reservation& call);
/// Which cap is reached whatever the next call is.
std::optional<Cap> cap_reached(const Budget& budget, const Spending& spending);

}  // namespace longhand::job
