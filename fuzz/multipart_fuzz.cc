// multipart/form-data: a Content-Type on the first line, a body behind it, in pieces of any size.
#include <string>
#include <variant>
#include <vector>

#include "fuzz/target.h"
#include "http/multipart.h"

namespace longhand::fuzz {
namespace {

using namespace longhand::http;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMostParts = 1000;
// Small, so that inputs reach it.
constexpr std::size_t kHeadLimit = 128;

struct Part {
    PartBegin head;
    std::string data;
    bool ended = false;
};

struct Form {
    std::vector<Part> parts;
    bool finished = false;
    bool refused = false;
};

bool same(const Part& a, const Part& b) {
    return a.head.name == b.head.name && a.head.file_name == b.head.file_name &&
           a.head.content_type == b.head.content_type && a.data == b.data && a.ended == b.ended;
}

// How much was given of a last part that did not end depends on the pieces, and so does what comes before a refusal.
bool same(const Form& a, const Form& b) {
    if (a.refused != b.refused || a.finished != b.finished) return false;
    if (a.refused) return true;
    if (a.parts.size() != b.parts.size()) return false;
    for (std::size_t i = 0; i < a.parts.size(); ++i) {
        if (a.parts[i].ended != b.parts[i].ended) return false;
        if (a.parts[i].ended && !same(a.parts[i], b.parts[i])) return false;
    }
    return true;
}

void take(Form& form, PartEvent event) {
    const bool is_open = !form.parts.empty() && !form.parts.back().ended;
    if (auto* begin = std::get_if<PartBegin>(&event)) {
        require(!is_open, "a part begins after the last one's end");
        require(!begin->name.empty(), "a part has a name");
        form.parts.push_back({std::move(*begin), {}, false});
        return;
    }
    require(is_open, "data and ends belong to a part");
    if (const auto* data = std::get_if<PartData>(&event)) {
        require(!data->bytes.empty(), "a piece of data is not empty");
        form.parts.back().data += data->bytes;
        return;
    }
    form.parts.back().ended = true;
}

// A first piece of `first` bytes, and then pieces of `size`.
Form read(const std::string& boundary, std::string_view body, std::size_t first, std::size_t size) {
    MultipartParser parser(boundary, kHeadLimit);
    Form form;
    for (std::size_t wanted = first; !body.empty() && !form.refused; wanted = size) {
        const std::string_view piece = body.substr(0, wanted);
        body.remove_prefix(piece.size());
        auto events = parser.feed(piece);
        form.refused = !events;
        if (!events) break;
        for (PartEvent& event : *events) take(form, std::move(event));
    }
    form.finished = !form.refused && parser.finished();
    return form;
}

std::string header_of(const PartBegin& head) {
    const auto quoted = [](std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return "\"" + out + "\"";
    };
    std::string text = "Content-Disposition: form-data; name=" + quoted(head.name);
    if (head.file_name) text += "; filename=" + quoted(*head.file_name);
    text += kLineEnd;
    if (!head.content_type.empty()) text.append("Content-Type: ").append(head.content_type).append(kLineEnd);
    return text;
}

std::string written(const std::string& boundary, const Form& form) {
    std::string body;
    for (const Part& part : form.parts)
        body.append("--")
            .append(boundary)
            .append(kLineEnd)
            .append(header_of(part.head))
            .append(kLineEnd)
            .append(part.data + std::string(kLineEnd));
    return body + "--" + boundary + "--";
}

// Names that hold a line end can't be written back, and a data that holds the boundary is two parts.
bool is_writable(const std::string& boundary, const Form& form) {
    std::size_t heads = 0;
    for (const Part& part : form.parts) {
        const std::string all = part.head.name + part.head.file_name.value_or("") + part.head.content_type;
        if (all.find(kLineEnd) != all.npos || part.data.find("--" + boundary) != part.data.npos) return false;
        heads = std::max(heads, header_of(part.head).size());
    }
    return form.finished && heads <= kHeadLimit;
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    std::string_view body = as_text(data, size);
    const std::string_view content_type = take_until(body, "\n");
    const auto boundary = longhand::http::multipart_boundary(content_type);
    if (!boundary) return 0;
    require(!boundary->empty() && boundary->size() <= 70, "a boundary is of 1 to 70 characters");

    const Form at_once = read(*boundary, body, body.size(), 1);
    require(!(at_once.refused && at_once.finished), "a body is not both refused and whole");
    require(at_once.parts.size() <= kMostParts, "the number of parts is bounded");
    std::size_t bytes = 0;
    for (const Part& part : at_once.parts) {
        bytes += part.data.size();
        require(!at_once.finished || part.ended, "a whole body's parts have ended");
        require(part.data.find(std::string(kLineEnd) + "--" + *boundary) == std::string::npos,
                "no data holds the delimiter");
    }
    require(bytes <= body.size(), "no data comes from nowhere");
    require(same(at_once, read(*boundary, body, 1, 1)), "a body in single bytes is the body");
    // A long one at some places only, for the time that it takes.
    for (std::size_t cut = 1; cut < body.size(); cut += body.size() / 64 + 1)
        require(same(at_once, read(*boundary, body, cut, body.size())), "a body in two pieces is the body");

    if (!is_writable(*boundary, at_once)) return 0;
    const std::string again = written(*boundary, at_once);
    require(same(at_once, read(*boundary, again, again.size(), 1)), "a form that is written is read as it was");
    return 0;
}
