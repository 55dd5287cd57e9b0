#include "engine/receipt.h"

#include "llm/prices.h"

namespace longhand::engine {
namespace {

void add(job::Spending& spending, const store::Call& call) {
    spending.spent_cost += call.cost.value_or(UsdMicros{});
    spending.spent_tokens += call.tokens.billed();
    if (!call.cost) ++spending.unknown_costs;
}

// Nothing was begun, or all of it is counted: there is no rest.
bool has_no_rest(const store::Call& call) {
    return call.state == job::CallState::released || call.state == job::CallState::settled;
}

}  // namespace

std::optional<Receipt> receipt_of(const store::Ledger& ledger) {
    const job::Job& job = ledger.job;
    if (job.state != job::State::cancelled) return std::nullopt;
    Receipt receipt;
    receipt.cancelled_at = job.finished_at.value_or(job.updated_at);
    receipt.words_kept = job.counts.words_done;
    for (const store::Call& call : ledger.calls) {
        if (call.cancelled_run != job.run) {
            add(receipt.spent_before, call);
            continue;
        }
        std::optional<bool> bills = false;
        if (!has_no_rest(call)) bills = llm::bills_closed_streams(call.provider, call.served_by);
        receipt.in_flight.push_back({call, bills});
    }
    return receipt;
}

}  // namespace longhand::engine
