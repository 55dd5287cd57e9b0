#include "llm/completion_parser.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdlib>

#include "llm/utf8.h"

namespace longhand::llm {
namespace {

namespace json = boost::json;

constexpr std::size_t kLargestEvent = 4 * 1024 * 1024;
constexpr std::string_view kBom = "\xEF\xBB\xBF";

const json::object* object_in(const json::object& parent, std::string_view name) {
    const auto* value = parent.if_contains(name);
    return value ? value->if_object() : nullptr;
}

std::string_view string_in(const json::object& parent, std::string_view name) {
    const auto* value = parent.if_contains(name);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

std::uint64_t count_in(const json::object* parent, std::string_view name) {
    const auto* value = parent ? parent->if_contains(name) : nullptr;
    if (!value || !value->is_number()) return 0;
    boost::system::error_code failed;
    const auto count = value->to_number<std::int64_t>(failed);
    return failed || count < 0 ? 0 : static_cast<std::uint64_t>(std::min<std::int64_t>(count, UINT32_MAX));
}

std::optional<double> money_in(const json::object& parent, std::string_view name) {
    const auto* value = parent.if_contains(name);
    if (!value || !value->is_number()) return std::nullopt;
    const double amount = value->to_number<double>();
    return std::isfinite(amount) && amount >= 0 ? std::optional(amount) : std::nullopt;
}

/// The four digits of `\uXXXX` at `at`, when they name a surrogate; else 0.
unsigned surrogate_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
    const auto value = static_cast<unsigned>(std::strtoul(std::string(text.substr(at + 2, 4)).c_str(), nullptr, 16));
    return value >= 0xD800 && value <= 0xDFFF ? value : 0;
}

std::string without_lone_surrogates(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\') {
            out += text[at++];
            continue;
        }
        const unsigned high = surrogate_at(text, at);
        const bool pair = high != 0 && high < 0xDC00 && surrogate_at(text, at + 6) >= 0xDC00;
        if (high != 0 && !pair) {
            out += "\\ufffd";
            at += 6;
            continue;
        }
        const std::size_t length = pair ? 12 : 2;
        out += text.substr(at, length);
        at += length;
    }
    return out;
}

struct Reasoning {
    bool any = false;
    std::string shown;
};

/// What the model thinks: in the words that it shows of it, or in sealed ones (OpenRouter's `reasoning_details`).
Reasoning reasoning_in(const json::object& part) {
    Reasoning reasoning;
    reasoning.shown = string_in(part, "reasoning");
    if (reasoning.shown.empty()) reasoning.shown = string_in(part, "reasoning_content");
    const auto* details = part.if_contains("reasoning_details");
    reasoning.any = !reasoning.shown.empty() || (details && details->is_array() && !details->as_array().empty());
    return reasoning;
}

}  // namespace

std::optional<json::object> parse_lenient(std::string_view text) {
    const std::string repaired = repair_utf8(text);
    boost::system::error_code failed;
    json::value value = json::parse(repaired, failed);
    if (failed) value = json::parse(without_lone_surrogates(repaired), failed);
    if (failed || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::optional<double> charge_in(const json::object& answer, std::string_view cost_name, const json::object* upstream) {
    auto cost = money_in(answer, cost_name);
    const auto* own_key = answer.if_contains("is_byok");
    if (!own_key || !own_key->is_bool() || !own_key->as_bool() || !upstream) return cost;
    if (const auto theirs = money_in(*upstream, "upstream_inference_cost")) cost = cost.value_or(0) + *theirs;
    return cost;
}

Usage parse_usage(const json::object& object) {
    Usage usage;
    usage.prompt_tokens = count_in(&object, "prompt_tokens");
    usage.completion_tokens = count_in(&object, "completion_tokens");
    usage.cached_tokens = count_in(object_in(object, "prompt_tokens_details"), "cached_tokens");
    usage.reasoning_tokens = count_in(object_in(object, "completion_tokens_details"), "reasoning_tokens");
    usage.cost_usd = charge_in(object, "cost", object_in(object, "cost_details"));
    return usage;
}

CompletionParser::CompletionParser(Asked asked, std::size_t text_limit, Sink sink)
    : asked_(std::move(asked)),
      text_limit_(text_limit),
      sink_(std::move(sink)),
      events_([this](net::SseEvent event) { take_event(event); }, kLargestEvent) {}

bool CompletionParser::feed(std::string_view piece) {
    if (form_ == Form::unknown) {
        body_ += piece;
        const std::size_t bom = body_.starts_with(kBom) ? kBom.size() : 0;
        const auto first = body_.find_first_not_of(" \t\r\n", bom);
        if (first == std::string::npos) return true;
        form_ = body_[first] == '{' || body_[first] == '[' ? Form::object
                : body_[first] == '<'                      ? Form::other
                                                           : Form::events;
        if (form_ == Form::other) fail(malformed(asked_, "a web page"));
        for (const char* field : {":", "data:", "event:", "id:", "retry:"})
            looks_like_events_ |= std::string_view(body_).substr(first).starts_with(field);
        const std::string start = std::exchange(body_, {});
        return !fault_ && feed(start);
    }
    if (form_ == Form::object) {
        if (body_.size() + piece.size() > kLargestEvent)
            fail(malformed(asked_, "an answer of more than 4 MiB"));
        else
            body_ += piece;
    } else if (!fault_ && !events_.feed(piece)) {
        fail(malformed(asked_, "an event of more than 4 MiB"));
    }
    return !fault_;
}

void CompletionParser::end_of_body() {
    if (fault_) return;
    if (form_ == Form::object) {
        const auto object = parse_lenient(body_);
        if (!object) return fail(malformed(asked_, "JSON that does not parse"));
        take_object(*object);
        if (!fault_ && !completion_.finish && !completion_.text.empty()) completion_.finish = FinishReason::stop;
    } else if (form_ == Form::events) {
        // An event whose empty line is missing at the end counts.
        if (!events_.feed("\n\n")) return;
        if (!any_event_ && !looks_like_events_) return fail(malformed(asked_, "something that is no event stream"));
    }
    if (fault_) return;
    if (form_ == Form::unknown || (whole() && completion_.text.empty())) {
        const bool used_up = completion_.finish == FinishReason::length;
        Fault nothing = malformed(asked_, "an answer without text");
        nothing.message =
            used_up ? fmt::format(
                          "{} used up all tokens allowed without a word of text: a reasoning model needs more "
                          "of them, or another model does.",
                          asked_.provider)
                    : fmt::format("{} answered with nothing.", asked_.provider);
        nothing.transient = !used_up;
        fail(std::move(nothing));
    }
}

void CompletionParser::take_event(const net::SseEvent& event) {
    if (fault_ || done_) return;
    any_event_ = true;
    if (event.data == "[DONE]") {
        done_ = true;
        return;
    }
    if (event.data.empty()) return;
    const auto object = parse_lenient(event.data);
    if (object) return take_object(*object);
    Fault fault = malformed(
        asked_, fmt::format("an event that is no JSON object (\"{}\")", shortened(quoted(event.data, asked_.key), 60)));
    // Amid an answer it is a mishap.
    fault.transient = !completion_.text.empty();
    fail(std::move(fault));
}

void CompletionParser::take_object(const json::object& object) {
    // The second is how vLLM has it in older versions.
    if (const auto* error = object.if_contains("error");
        (error && !error->is_null()) || string_in(object, "object") == "error")
        return fail(fault_of_error_object(asked_, object));
    if (const auto id = string_in(object, "id"); completion_.id.empty() && !id.empty()) {
        completion_.id = id;
        if (sink_.on_id) sink_.on_id(completion_.id);
    }
    if (const auto model = string_in(object, "model"); !model.empty()) completion_.model = model;
    if (const auto name = string_in(object, "provider"); !name.empty()) completion_.served_by = name;
    if (const auto* usage = object_in(object, "usage")) take_usage(parse_usage(*usage));
    const auto* choices = object.if_contains("choices");
    if (!choices) {
        if (form_ == Form::object) fail(malformed(asked_, "a JSON object without choices"));
        return;
    }
    if (!choices->is_array()) return fail(malformed(asked_, "choices that are no list"));
    if (choices->as_array().empty()) return;  // the usage chunk
    if (const auto* choice = choices->as_array().front().if_object()) take_choice(*choice);
}

void CompletionParser::take_usage(Usage usage) {
    // Some send an empty one after the real one.
    const bool empty = usage.prompt_tokens == 0 && usage.completion_tokens == 0 && !usage.cost_usd;
    if (!empty || !completion_.usage) completion_.usage = usage;
}

void CompletionParser::take_choice(const json::object& choice) {
    const auto* part = object_in(choice, "delta");
    if (!part) part = object_in(choice, "message");
    if (part) {
        const auto thought = reasoning_in(*part);
        completion_.reasoning += thought.shown;
        if (thought.any && sink_.on_token) sink_.on_token();
        take_text(string_in(*part, "content"));
        if (!string_in(*part, "refusal").empty()) take_finish("content_filter");
    }
    if (fault_) return;
    if (const auto* error = choice.if_contains("error"); error && !error->is_null())
        return fail(fault_of_error_object(asked_, choice));
    if (const auto reason = string_in(choice, "finish_reason"); !reason.empty()) take_finish(reason);
}

void CompletionParser::take_finish(std::string_view reason) {
    if (reason == "content_filter") {
        return fail({{LlmErrc::content_filtered,
                      fmt::format("{} stopped the answer of \"{}\" by its content filter; "
                                  "change the prompt, or name another model in the request or with --model.",
                                  asked_.provider, asked_.model)}});
    }
    if (reason == "error" || reason == "abort") {
        Fault fault{{LlmErrc::unavailable, fmt::format("{} broke off its answer.", asked_.provider)}};
        fault.transient = true;
        return fail(std::move(fault));
    }
    completion_.finish = reason == "length" ? FinishReason::length : FinishReason::stop;
}

void CompletionParser::take_text(std::string_view text) {
    if (text.empty() || completion_.finish) return;
    std::string clean;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') clean += c;
    }
    if (completion_.text.size() + clean.size() > text_limit_)
        return fail(malformed(asked_, "far more text than it was asked for"));
    completion_.text += clean;
    if (sink_.on_token) sink_.on_token();
    if (sink_.on_text) sink_.on_text(clean);
    if (!guard_.feed(clean)) {
        fail(
            {{LlmErrc::loop,
              fmt::format("The model \"{}\" repeated itself without end, and its answer was cut; if that goes on, name "
                          "another in the request or with --model.",
                          asked_.model)}});
    }
}

void CompletionParser::fail(Fault fault) {
    if (!fault_) fault_ = std::move(fault);
}

}  // namespace longhand::llm
