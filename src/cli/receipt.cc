#include "cli/receipt.h"

#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "cli/progress_view.h"
#include "cli/remote.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

const json::object& object_in(const json::object& object, std::string_view name) {
    static const json::object kNone;
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_object() ? kNone : value->get_object();
}

const json::array& list_in(const json::object& object, std::string_view name) {
    static const json::array kNone;
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_array() ? kNone : value->get_array();
}

std::int64_t whole_of(const json::object& object, std::string_view name) {
    return static_cast<std::int64_t>(number_of(object, name));
}

std::string cost_text(const json::object& call) {
    const auto cost = amount_of(call, "cost_usd");
    const std::string from = text_of(call, "cost_from");
    if (!cost) return "cost not known";
    return from.empty() ? format_usd(*cost) : fmt::format("{} ({})", format_usd(*cost), from);
}

std::string call_line(const json::object& call) {
    return fmt::format("{:<28} {:<9} {:<14} {:>8} + {:<7} tokens  {}\n", text_of(call, "key"), text_of(call, "state"),
                       text_of(call, "ending"), with_commas(whole_of(call, "prompt_tokens")),
                       with_commas(whole_of(call, "completion_tokens")), cost_text(call));
}

std::string spent_text(const json::object& spent) {
    std::string text = fmt::format("{} for {} tokens", format_usd(amount_of(spent, "cost_usd").value_or(UsdMicros{})),
                                   with_commas(whole_of(spent, "tokens")));
    if (const auto unknown = whole_of(spent, "unknown_costs"); unknown > 0) {
        text +=
            fmt::format(", and {} call{} of which nobody gave a price", with_commas(unknown), unknown == 1 ? "" : "s");
    }
    return text;
}

std::string billing_text(const json::object& call) {
    const json::value* bills = call.if_contains("bills_the_rest");
    if (bills == nullptr || !bills->is_bool()) return "whether its provider bills the rest is not known";
    return bills->get_bool() ? "its provider bills the whole answer" : "its provider bills no more than this";
}

std::string cancel_text(const json::object& receipt) {
    std::string text = fmt::format("cancelled at {}\nspent before  {}\n", text_of(receipt, "cancelled_at"),
                                   spent_text(object_in(receipt, "spent_before")));
    for (const json::value& value : list_in(receipt, "in_flight")) {
        if (!value.is_object()) continue;
        const json::object& call = value.get_object();
        text += fmt::format("in flight     {}: {}; {}\n", text_of(call, "key"), cost_text(call), billing_text(call));
    }
    if (list_in(receipt, "in_flight").empty()) text += "in flight     nothing\n";
    return text + fmt::format("kept          {} words\n", with_commas(whole_of(receipt, "words_kept")));
}

std::string caps_text(const json::object& budget) {
    std::string text;
    if (const auto cost = amount_of(budget, "max_cost_usd")) text += format_usd(*cost);
    if (const auto tokens = whole_of(budget, "max_tokens"); tokens > 0) {
        text += fmt::format("{}{} tokens", text.empty() ? "" : ", ", with_commas(tokens));
    }
    return text.empty() ? "no cap" : text;
}

}  // namespace

std::string receipt_text(const json::object& ledger) {
    std::string text;
    for (const json::value& call : list_in(ledger, "calls")) {
        if (call.is_object()) text += call_line(call.get_object());
    }
    text += fmt::format("spent         {}\n", spent_text(object_in(ledger, "spent")));
    const json::object& reserved = object_in(ledger, "reserved");
    if (whole_of(reserved, "tokens") > 0) {
        text += fmt::format("reserved      {} for {} tokens\n",
                            format_usd(amount_of(reserved, "cost_usd").value_or(UsdMicros{})),
                            with_commas(whole_of(reserved, "tokens")));
    }
    text += fmt::format("budget        {}\n", caps_text(object_in(ledger, "budget")));
    const json::object& receipt = object_in(ledger, "receipt");
    return receipt.empty() ? text : text + cancel_text(receipt);
}

}  // namespace longhand::cli
