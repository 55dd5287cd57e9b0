// The outputs of a job, with credentials or by a signed link.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/handlers.h"
#include "http/json_out.h"
#include "http/text.h"

namespace longhand::http {
namespace {

constexpr std::array<std::string_view, 7> kFormats = {"pdf", "tex", "md", "html", "docx", "epub", "quality.json"};

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                           c == '-' || c == '_';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// RFC 6266: a plain name for old clients, the real one beside it.
std::string disposition(std::string_view format, std::string_view name) {
    std::string plain;
    for (const char c : name) plain += c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '%' ? c : '_';
    const bool shown = format == "pdf" || format == "quality.json";
    return fmt::format("{}; filename=\"{}\"; filename*=UTF-8''{}", shown ? "inline" : "attachment", plain,
                       percent_encoded(name));
}

/// A client that has closed its sending half counts as gone, but may still read.
ApiError stopped(StopReason reason) {
    return {ApiErrc::unavailable, reason == StopReason::cancelled
                                      ? "The client closed its half of the connection before the output was there; "
                                        "keep it open and try again."
                                      : "The server is stopping; try again."};
}

ApiError from_documents(const Services& services, const Failure<engine::DocumentErrc>& failure, std::string_view format,
                        StopReason reason) {
    using engine::DocumentErrc;
    switch (failure.code) {
        case DocumentErrc::not_found:
            return {ApiErrc::not_found, "There is no such job."};
        case DocumentErrc::nothing_yet:
            return {ApiErrc::nothing_yet, fmt::format("There is nothing to show of this job yet. {}", failure.message)};
        case DocumentErrc::failed:
            if (services.deps.problem_log)
                services.deps.problem_log(fmt::format("output.{}: {}", format, failure.message));
            return {ApiErrc::output_failed,
                    fmt::format("The {} could not be made from this job's text; the server's log says why.", format)};
        case DocumentErrc::unavailable:
            return {ApiErrc::unavailable, "The output can't be made now; try again."};
        case DocumentErrc::stopped:
            return stopped(reason);
    }
    return {ApiErrc::internal, "The server could not do this; its log says why."};
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
    return if_none_match == "*" || if_none_match.find(etag) != if_none_match.npos;
}

Reply document_reply(const Call& call, const engine::Document& document, std::string_view format) {
    const std::string etag = fmt::format("\"{}\"", document.sha256);
    FileReply reply;
    reply.path = document.path;
    reply.head.content_type = document.media_type;
    reply.head.headers = {{"ETag", etag}, {"Cache-Control", "private, no-cache"}};
    if (matches_etag(header(call, "if-none-match"), etag)) {
        reply.head.status = Status::not_modified;
        return std::move(reply.head);
    }
    reply.head.headers.emplace_back("Content-Disposition", disposition(format, document.file_name));
    // A document is made from what others wrote: it gets no origin to act in. Safari's viewer shows a sandboxed PDF as
    // a blank page, and a PDF has no origin anyway.
    if (format != "pdf") {
        reply.head.headers.emplace_back("Content-Security-Policy",
                                        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    }
    if (document.partial) reply.head.headers.emplace_back("X-Longhand-Partial", "true");
    return reply;
}

awaitable<ApiResult<Reply>> get_output(const Services& services, Call& call) {
    const auto id = path_id(call);
    if (!id) co_return id.error();
    const auto found = call.path_values.find("format");
    std::string format = found == call.path_values.end() ? "quality.json" : found->second;
    if (std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end()) {
        co_return ApiError{ApiErrc::no_such_path, fmt::format("There is no output '{}'; there are {}.", clipped(format),
                                                              fmt::join(kFormats, ", "))};
    }
    auto document = co_await services.deps.outputs(call.owner(), *id, format, call.exchange.gone());
    if (!document) co_return from_documents(services, document.error(), format, call.exchange.gone().reason());
    co_return document_reply(call, *document, format);
}

}  // namespace

std::vector<Route> output_routes(const Services& services) {
    return {
        {"GET", "/api/jobs/{id}/output.quality.json", Access::user_or_link, bound(services, get_output)},
        {"GET", "/api/jobs/{id}/output.{format}", Access::user_or_link, bound(services, get_output)},
    };
}

}  // namespace longhand::http
