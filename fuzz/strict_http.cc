#include "fuzz/strict_http.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "fuzz/target.h"

namespace longhand::fuzz {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; });
}

// As they are in any order: of equal names the order counts, and those stay.
std::vector<std::pair<std::string, std::string>> sorted(std::vector<std::pair<std::string, std::string>> fields) {
    for (auto& [name, value] : fields) std::ranges::transform(name, name.begin(), lower);
    std::ranges::stable_sort(fields, {}, [](const auto& field) { return field.first; });
    return fields;
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        if (same_word(trimmed(take_until(list, ",")), word)) return true;
    }
    return false;
}

}  // namespace

std::size_t StrictReader::Head::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields, [&](const auto& field) { return same_word(field.first, name); }));
}

std::string_view StrictReader::Head::value(std::string_view name) const {
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return same_word(field.first, name); });
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view StrictReader::take_line() {
    require(rest_.find(kLineEnd) != rest_.npos, "a line has an end");
    const std::string_view line = take_until(rest_, kLineEnd);
    require(is_text(line), "no line holds a control character or another's end");
    return line;
}

StrictReader::Head StrictReader::take_head() {
    while (rest_.starts_with(kLineEnd)) rest_.remove_prefix(kLineEnd.size());
    Head head;
    std::string_view line = take_line();
    head.method = take_until(line, " ");
    head.target = take_until(line, " ");
    head.version = line;
    require(is_token(head.method) && !head.target.empty(), "a request line has a method and a target");
    require(head.version == "HTTP/1.1" || head.version == "HTTP/1.0",
            "a request line ends with a version that there is");
    while (!(line = take_line()).empty()) {
        const auto colon = line.find(':');
        require(colon != line.npos && is_token(line.substr(0, colon)),
                "a header has a name, with the colon right behind it");
        head.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1), " \t"));
    }
    return head;
}

void StrictReader::expect_head(const Head& head, const Request& request) {
    require(head.method == request.method && head.target == request.target, "a request's first line is what was sent");
    auto sent = sorted(head.fields), taken = sorted(request.headers);
    const bool is_absolute = !head.target.starts_with('/') && head.target != "*";
    if (is_absolute) {
        // The target's authority takes the header's place.
        const auto is_host = [](const auto& field) { return field.first == "host"; };
        std::erase_if(sent, is_host);
        std::erase_if(taken, is_host);
    }
    require(sent == taken, "a request's headers are what was sent");
    require(head.count("host") == 1 || (head.count("host") == 0 && head.version == "HTTP/1.0"),
            "a request names one host");
    const std::size_t lengths = head.count("content-length"), codings = head.count("transfer-encoding");
    require(lengths + codings <= 1, "a request's length is told once");
    require(codings == 0 || (same_word(head.value("transfer-encoding"), "chunked") && head.version == "HTTP/1.1"),
            "there is one transfer coding");
    require(request.path.starts_with('/') || request.path == "*", "a path begins with a slash");
    require(request.path.find_first_of("?# ") == std::string::npos, "a path is without query and fragment");
}

std::string StrictReader::take_chunks() {
    std::string body;
    while (true) {
        if (rest_.find(kLineEnd) == rest_.npos) {
            is_cut_ = true;
            return body;
        }
        const std::string_view line = take_line();
        const std::string_view digits = line.substr(0, line.find_first_not_of("0123456789abcdefABCDEF"));
        std::uint64_t size = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
        require(parsed.ec == std::errc() && !digits.empty(), "a chunk has a size");
        const std::string_view extension = trimmed(line.substr(digits.size()), " \t");
        require(extension.empty() || extension.front() == ';',
                "behind a chunk's size there is an extension or nothing");
        if (size == 0) break;
        if (rest_.size() < size || rest_.size() - size < kLineEnd.size()) {
            is_cut_ = true;
            return body;
        }
        body += rest_.substr(0, size);
        rest_.remove_prefix(size);
        require(rest_.starts_with(kLineEnd), "a chunk is as long as it says");
        rest_.remove_prefix(kLineEnd.size());
    }
    while (rest_.find(kLineEnd) != rest_.npos) {
        if (take_line().empty()) return body;
    }
    is_cut_ = true;
    return body;
}

std::string StrictReader::take_body(const Head& head) {
    if (head.count("transfer-encoding") == 1) return take_chunks();
    if (head.count("content-length") == 0) return {};
    const std::string_view text = head.value("content-length");
    std::uint64_t size = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size);
    require(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size(), "a length is a number");
    is_cut_ = rest_.size() < size;
    const std::string body(rest_.substr(0, size));
    rest_.remove_prefix(body.size());
    return body;
}

void StrictReader::expect(const Request& request) {
    if (const auto unread = std::exchange(unread_, std::nullopt)) take_body(*unread);
    require(!is_cut_ && !has_closed_, "no request is taken behind the last one");
    const Head head = take_head();
    expect_head(head, request);
    const std::string_view connection = head.value("connection");
    has_closed_ = has_word(connection, "close") || (head.version == "HTTP/1.0" && !has_word(connection, "keep-alive"));
    if (!request.reads_body) {
        unread_ = head;
    } else if (request.body_failed) {
        // Where it is broken is the server's to find.
        has_closed_ = true;
    } else {
        const std::string body = take_body(head);
        require(!is_cut_ && body == request.body, "a request's body is what was sent");
    }
}

}  // namespace longhand::fuzz
