// multipart/form-data as it streams in (RFC 7578, RFC 2046), in bounded memory.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/errors.h"

namespace longhand::http {

/// A part's head, which has no NUL as it was sent. `file_name` is set when it has one, even an empty one: `filename`,
/// else `filename*` of RFC 8187.
struct PartBegin {
    std::string name;
    std::optional<std::string> file_name;
    std::string content_type;
    /// Why a name that it has is not in `file_name`. Completes "A file's name …".
    std::optional<std::string> name_problem = {};
};
struct PartData {
    std::string bytes;
};
struct PartEnd {};
using PartEvent = std::variant<PartBegin, PartData, PartEnd>;

/// Whether it is `multipart/form-data`, with a boundary or without.
bool is_multipart(std::string_view content_type);
/// The boundary of a `multipart/form-data; boundary=…` header; nothing for another type or none.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Pieces in, events out, the same however it is cut. It holds back no more than a boundary's length of data, and heads
/// and boundary lines up to `head_limit` bytes.
class MultipartParser {
public:
    explicit MultipartParser(std::string boundary, std::size_t head_limit = 8 * 1024);

    /// What became known with this piece. Errors: invalid_body; after one the parser is of no more use.
    ApiResult<std::vector<PartEvent>> feed(std::string_view piece);
    /// The closing boundary was seen.
    bool finished() const { return state_ == State::done; }

private:
    enum class State { preamble, after_boundary, head, data, done };

    bool step(std::vector<PartEvent>& events, std::optional<ApiError>& problem);
    bool skip_preamble();
    bool after_boundary(std::optional<ApiError>& problem);
    bool take_head(std::vector<PartEvent>& events, std::optional<ApiError>& problem);
    bool take_data(std::vector<PartEvent>& events);

    const std::string delimiter_;  ///< CRLF, two hyphens, the boundary
    const std::size_t head_limit_;
    std::string buffer_;
    State state_ = State::preamble;
    bool data_begins_ = false;  ///< the line end before a part's data is still in the buffer
    std::size_t parts_ = 0;
};

}  // namespace longhand::http
