// What providers charge: the price table, and who bills a stream that is closed before its end.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/result.h"

namespace longhand::llm {

/// Per million tokens.
struct ModelPrice {
    UsdMicros prompt;
    UsdMicros completion;
    UsdMicros cached;  ///< of the prompt's tokens that the provider had in its cache
    bool operator==(const ModelPrice&) const = default;
};

enum class PricesErrc {
    unreadable,  ///< the file
    invalid,     ///< what is in it
};

/// Prices by the model's name, exactly as it is asked for.
class PriceTable {
public:
    /// TOML, in US dollars per million tokens; without `cached` those tokens cost as much as the others:
    ///
    ///     ["google/gemini-2.5-flash"]
    ///     prompt = 0.30
    ///     completion = 2.50
    ///     cached = 0.075
    ///
    /// A failure names the place, and says what would be right. `name` is the file's, for it.
    static Result<PriceTable, PricesErrc> parse(std::string_view text, std::string_view name);
    static Result<PriceTable, PricesErrc> load(const std::string& path);

    /// The table's price, else 0 for a provider on this machine or its network, else nothing. `provider` is as
    /// ChatModel gives it.
    std::optional<ModelPrice> price_of(std::string_view provider, std::string_view model) const;

private:
    std::map<std::string, ModelPrice, std::less<>> prices_;
};

/// `offline`, or a base URL whose host is of a loopback or private address, or ends in `.local`.
bool is_local_provider(std::string_view provider);

/// Whether a provider bills the rest of an answer whose stream was closed; nothing where it does not say. `served_by`
/// is whom an aggregator asked, empty where not told.
std::optional<bool> bills_closed_streams(std::string_view provider, std::string_view served_by);

}  // namespace longhand::llm
