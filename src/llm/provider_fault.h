// What a provider's refusals mean, in the words of LlmErrc and in a sentence that its reader can act on.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "llm/retry.h"
#include "net/errors.h"
#include "net/http_client.h"

namespace longhand::llm {

/// Who is asked for what: names the two in messages.
struct Asked {
    std::string provider;        ///< as `shown_provider` gives it
    std::string model;           ///< empty where no model was named
    std::string key;             ///< never shown; cut out of whatever the provider says
    std::string renew_key = {};  ///< as OpenAiOptions has it
};

/// `OpenRouter at openrouter.ai`, `The provider at localhost:8080`. `base_url` may hold credentials; they are left out.
std::string shown_provider(std::string_view base_url);
/// The URL without user, password, query and fragment.
std::string without_credentials(std::string_view base_url);

/// A provider's own words, fit to be quoted: one line, at most 300 characters, no control characters, no key of ours,
/// no word that looks like a key.
std::string quoted(std::string_view words, std::string_view key);

/// An answer with a status other than 2xx.
Fault fault_of_reply(const Asked& asked, const net::HttpReply& reply, WallTime now);
/// `{"error": {"message", "code", "type"}}` as it stands in a stream or in an answer of 200.
Fault fault_of_error_object(const Asked& asked, const boost::json::value& error);
/// A connection that failed, with `stopped` excepted: the caller knows who stopped it.
Fault fault_of_connection(const Asked& asked, const net::NetFailure& failure);

Fault malformed(const Asked& asked, std::string_view what);

}  // namespace longhand::llm
