#include "job/ledger.h"

#include <algorithm>

namespace longhand::job {
namespace {

template <class T, std::size_t N>
std::optional<T> parse_word(const std::array<T, N>& all, std::string_view word) {
    const auto found = std::ranges::find_if(all, [&](T value) { return to_string(value) == word; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string_view to_string(CallState state) {
    switch (state) {
        case CallState::reserved:
            return "reserved";
        case CallState::open:
            return "open";
        case CallState::settled:
            return "settled";
        case CallState::estimated:
            return "estimated";
        case CallState::released:
            return "released";
    }
    return "";
}

std::optional<CallState> parse_call_state(std::string_view word) {
    return parse_word(kCallStates, word);
}

std::string_view to_string(CostFrom from) {
    switch (from) {
        case CostFrom::provider:
            return "provider";
        case CostFrom::prices:
            return "prices";
        case CostFrom::estimate:
            return "estimate";
    }
    return "";
}

std::optional<CostFrom> parse_cost_from(std::string_view word) {
    return parse_word(kCostsFrom, word);
}

UsdMicros cost_of(const Price& price, const CallTokens& tokens) {
    constexpr __int128 kMillion = 1'000'000;
    const std::int64_t cached = std::min(tokens.cached, tokens.prompt);
    const __int128 cost = static_cast<__int128>(tokens.prompt - cached) * price.prompt.value +
                          static_cast<__int128>(cached) * price.cached.value +
                          static_cast<__int128>(tokens.completion) * price.completion.value;
    return {static_cast<std::int64_t>((cost + kMillion - 1) / kMillion)};
}

Reservation reservation_of(const std::optional<Price>& price, std::int64_t prompt_tokens,
                           std::int64_t most_completion_tokens) {
    CallTokens most;
    most.prompt = prompt_tokens;
    most.completion = most_completion_tokens;
    Reservation reservation;
    reservation.tokens = most.billed();
    if (price) reservation.cost = cost_of(*price, most);
    return reservation;
}

std::optional<Cap> cap_reached(const Budget& budget, const Spending& spending, const Reservation& call) {
    if (budget.max_cost) {
        if (!call.cost) return Cap::cost;
        if (spending.spent_cost + spending.reserved_cost + *call.cost > *budget.max_cost) return Cap::cost;
    }
    if (budget.max_tokens && spending.spent_tokens + spending.reserved_tokens + call.tokens > *budget.max_tokens) {
        return Cap::tokens;
    }
    return std::nullopt;
}

std::optional<Cap> cap_reached(const Budget& budget, const Spending& spending) {
    if (budget.max_cost && spending.spent_cost + spending.reserved_cost >= *budget.max_cost) return Cap::cost;
    if (budget.max_tokens && spending.spent_tokens + spending.reserved_tokens >= *budget.max_tokens) {
        return Cap::tokens;
    }
    return std::nullopt;
}

}  // namespace longhand::job
