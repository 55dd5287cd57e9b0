#include "cli/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace longhand::cli {
namespace {

// The message as a JSON string, whatever is in it.
class JsonMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const std::string text = boost::json::serialize(
            boost::json::value(std::string_view(message.payload.data(), message.payload.size())));
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

std::unique_ptr<spdlog::formatter> json_formatter() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<JsonMessage>('*').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})");
    return formatter;
}

}  // namespace

Value<std::shared_ptr<spdlog::logger>> make_logger(const Options& options) {
    auto logger = std::make_shared<spdlog::logger>("longhand", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->flush_on(spdlog::level::info);
    if (auto set = set_logger(*logger, options); !set) return set.error();
    return logger;
}

Value<void> set_logger(spdlog::logger& logger, const Options& options) {
    const auto level = word_option(options, "log-level", {"debug", "info", "warning", "error", "off"});
    if (!level) return level.error();
    const auto form = word_option(options, "log-format", {"text", "json"});
    if (!form) return form.error();
    logger.set_level(spdlog::level::from_str(*level));
    if (*form == "json") {
        logger.set_formatter(json_formatter());
    } else {
        logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    }
    return {};
}

}  // namespace longhand::cli
