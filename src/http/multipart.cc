#include "http/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/text.h"

namespace longhand::http {
namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, section 5.1.1
constexpr std::size_t kMaxParts = 1000;

ApiError broken(std::string why) {
    return {ApiErrc::invalid_body, fmt::format("The multipart body is broken: {}.", why)};
}

struct Parameter {
    std::string value;  ///< without its quotes
    bool is_quoted = false;
};

/// `name=` among a header's parameters.
std::optional<Parameter> parameter(std::string_view header, std::string_view name) {
    std::size_t at = header.find(';');
    while (at != header.npos) {
        ++at;
        const auto equals = header.find('=', at);
        if (equals == header.npos) return std::nullopt;
        const auto key = trimmed(header.substr(at, equals - at));
        std::string value;
        std::size_t end = equals + 1;
        while (end < header.size() && header[end] == ' ') ++end;
        const bool is_quoted = end < header.size() && header[end] == '"';
        if (is_quoted) {
            // Browsers send a quote as %22 and a backslash as it is; others escape with one.
            for (++end; end < header.size() && header[end] != '"'; ++end) {
                if (header[end] == '\\' && end + 1 < header.size() &&
                    (header[end + 1] == '"' || header[end + 1] == '\\'))
                    ++end;
                value += header[end];
            }
            at = header.find(';', std::min(end, header.size()));
        } else {
            at = header.find(';', end);
            value = trimmed(header.substr(end, at == header.npos ? header.npos : at - end));
        }
        if (equal_ignoring_case(key, name)) return Parameter{std::move(value), is_quoted};
    }
    return std::nullopt;
}

int hex_digit(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at = kDigits.find(lower_case(std::string_view(&c, 1)));
    return at == kDigits.npos ? -1 : static_cast<int>(at);
}

/// A name as RFC 8187 writes one, which some clients send instead of a plain one: UTF-8''na%C3%AFve.txt
std::optional<std::string> extended_value(std::string_view value) {
    constexpr std::string_view kCharset = "utf-8'";
    if (!equal_ignoring_case(value.substr(0, kCharset.size()), kCharset)) return std::nullopt;
    const auto quote = value.find('\'', kCharset.size());
    if (quote == value.npos) return std::nullopt;
    value.remove_prefix(quote + 1);
    std::string out;
    for (std::size_t at = 0; at < value.size(); ++at) {
        out += value[at];
        if (value[at] != '%') continue;
        const int high = at + 2 < value.size() ? hex_digit(value[at + 1]) : -1;
        const int low = at + 2 < value.size() ? hex_digit(value[at + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out.back() = static_cast<char>(high * 16 + low);
        at += 2;
    }
    return out;
}

/// Browsers escape these three, and nothing else, in a quoted name (HTML, "multipart form data").
std::string without_escapes(std::string_view name) {
    struct Escape {
        std::string_view sent;
        char meant;
    };
    static constexpr std::array<Escape, 3> kEscapes = {{{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
    std::string out;
    while (!name.empty()) {
        const auto escape =
            std::ranges::find_if(kEscapes, [&](const Escape& one) { return name.starts_with(one.sent); });
        out += escape == kEscapes.end() ? name.front() : escape->meant;
        name.remove_prefix(escape == kEscapes.end() ? 1 : escape->sent.size());
    }
    return out;
}

std::string unread_name(std::string_view extended) {
    const auto charset = extended.substr(0, extended.find('\''));
    const bool is_utf8 = equal_ignoring_case(charset, "utf-8");
    if (charset.empty() || charset.size() == extended.size() || is_utf8)
        return "(filename*) is not as RFC 8187 has it, such as UTF-8''na%C3%AFve.txt";
    return fmt::format("(filename*) is in the charset '{}'; send it in UTF-8", clipped(charset));
}

void take_file_name(std::string_view disposition, PartBegin& part) {
    if (auto plain = parameter(disposition, "filename")) {
        part.file_name = plain->is_quoted ? without_escapes(plain->value) : std::move(plain->value);
    } else if (const auto extended = parameter(disposition, "filename*")) {
        part.file_name = extended_value(extended->value);
        if (!part.file_name) part.name_problem = unread_name(extended->value);
    }
}

std::optional<PartBegin> parse_head(std::string_view head) {
    PartBegin part;
    bool has_disposition = false;
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const auto line = head.substr(0, end);
        head = end == head.npos ? std::string_view() : head.substr(end + 2);
        const auto colon = line.find(':');
        if (colon == line.npos) return std::nullopt;
        const auto name = trimmed(line.substr(0, colon));
        const auto value = trimmed(line.substr(colon + 1));
        if (equal_ignoring_case(name, "content-type")) part.content_type = value;
        if (!equal_ignoring_case(name, "content-disposition")) continue;
        if (!equal_ignoring_case(trimmed(value.substr(0, value.find(';'))), "form-data")) return std::nullopt;
        part.name = parameter(value, "name").value_or(Parameter()).value;
        take_file_name(value, part);
        has_disposition = !part.name.empty();
    }
    if (!has_disposition) return std::nullopt;
    return part;
}

}  // namespace

bool is_multipart(std::string_view content_type) {
    return equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    if (!is_multipart(content_type)) return std::nullopt;
    auto boundary = parameter(content_type, "boundary");
    if (!boundary || boundary->value.empty() || boundary->value.size() > kMaxBoundary) return std::nullopt;
    return std::move(boundary->value);
}

// The first boundary may stand at the very start, without the CRLF that comes before every other.
MultipartParser::MultipartParser(std::string boundary, std::size_t head_limit)
    : delimiter_("\r\n--" + std::move(boundary)), head_limit_(head_limit), buffer_("\r\n") {}

ApiResult<std::vector<PartEvent>> MultipartParser::feed(std::string_view piece) {
    std::vector<PartEvent> events;
    std::optional<ApiError> problem;
    buffer_ += piece;
    while (!problem && step(events, problem)) {
    }
    if (problem) return std::move(*problem);
    return events;
}

bool MultipartParser::step(std::vector<PartEvent>& events, std::optional<ApiError>& problem) {
    switch (state_) {
        case State::preamble:
            return skip_preamble();
        case State::after_boundary:
            return after_boundary(problem);
        case State::head:
            return take_head(events, problem);
        case State::data:
            return take_data(events);
        case State::done:
            buffer_.clear();
            return false;
    }
    return false;
}

bool MultipartParser::skip_preamble() {
    const auto at = buffer_.find(delimiter_);
    if (at == buffer_.npos) {
        if (buffer_.size() > delimiter_.size()) buffer_.erase(0, buffer_.size() - delimiter_.size());
        return false;
    }
    buffer_.erase(0, at + delimiter_.size());
    state_ = State::after_boundary;
    return true;
}

bool MultipartParser::after_boundary(std::optional<ApiError>& problem) {
    const auto padding = std::min(buffer_.find_first_not_of(" \t"), buffer_.size());
    if (padding > head_limit_) {
        problem = broken("a boundary's line is too long");
        return false;
    }
    if (buffer_.size() < padding + 2) return false;
    const auto mark = std::string_view(buffer_).substr(padding, 2);
    if (mark == "--") {
        state_ = State::done;
        return true;
    }
    if (mark != "\r\n") {
        problem = broken("something stands behind a boundary");
        return false;
    }
    if (++parts_ > kMaxParts) {
        problem = broken(fmt::format("it has more than {} parts", kMaxParts));
        return false;
    }
    // The line end stays: a part without headers then ends its head like any other.
    buffer_.erase(0, padding);
    state_ = State::head;
    return true;
}

bool MultipartParser::take_head(std::vector<PartEvent>& events, std::optional<ApiError>& problem) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const auto end = buffer_.find(kEnd);
    // Of an end that has not come whole: where it would begin at the earliest.
    const auto least = end == buffer_.npos ? buffer_.size() - std::min(buffer_.size(), kEnd.size() - 1) : end;
    if (least > head_limit_) problem = broken(fmt::format("a part's headers are longer than {} bytes", head_limit_));
    if (problem || end == buffer_.npos) return false;
    if (std::string_view(buffer_).substr(0, end).find('\0') != std::string_view::npos) {
        problem = broken("a NUL stands in a part's headers");
        return false;
    }
    auto part = parse_head(end < 2 ? std::string_view() : std::string_view(buffer_).substr(2, end - 2));
    if (!part) {
        problem = broken("a part has no `Content-Disposition: form-data; name=\"…\"`");
        return false;
    }
    events.emplace_back(std::move(*part));
    // The last line end stays: an empty part's boundary follows it at once.
    buffer_.erase(0, end + 2);
    state_ = State::data;
    data_begins_ = true;
    return true;
}

bool MultipartParser::take_data(std::vector<PartEvent>& events) {
    const std::size_t skip = data_begins_ ? 2 : 0;
    const auto at = buffer_.find(delimiter_);
    if (at == buffer_.npos && buffer_.size() < delimiter_.size() + skip) return false;
    const std::size_t end = at == buffer_.npos ? buffer_.size() - delimiter_.size() : at;
    if (end > skip) events.emplace_back(PartData{buffer_.substr(skip, end - skip)});
    if (at == buffer_.npos) {
        buffer_.erase(0, std::max(end, skip));
        data_begins_ = false;
        return false;
    }
    events.emplace_back(PartEnd{});
    buffer_.erase(0, at + delimiter_.size());
    state_ = State::after_boundary;
    return true;
}

}  // namespace longhand::http
