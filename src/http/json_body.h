// Reads the fields of a JSON body by name, kind and bounds; says which one is wrong and what would be right.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/uuid.h"
#include "http/errors.h"
#include "job/ledger.h"
#include "job/settings.h"

namespace longhand::http {

/// Bounds in code points, of the text as it was sent.
struct TextBounds {
    std::size_t min = 0;
    std::size_t max = 0;
};

/// Each reader gives the field's value, or something harmless when it is wrong: ask `problem()` once, at the end. It
/// keeps the first. null is as good as absent; fields that nobody reads are ignored.
class BodyReader {
public:
    explicit BodyReader(const boost::json::object& body) : body_(body) {}

    Uuid id(std::string_view name);
    /// As it was sent. With a `min`, white space alone is refused.
    std::string required_text(std::string_view name, TextBounds bounds);
    std::optional<std::string> text(std::string_view name, TextBounds bounds);
    /// A name or a word: without white space at both ends.
    std::string required_line(std::string_view name, TextBounds bounds);
    std::optional<std::string> line(std::string_view name, TextBounds bounds);
    std::string required_email(std::string_view name);
    /// May be "".
    std::optional<std::string> email(std::string_view name);
    // In these four a string of white space alone is as good as absent: forms send it for what was left empty.
    job::Choice choice(std::string_view name);
    /// true or `on`, false or `off`.
    std::optional<bool> flag(std::string_view name);
    /// A number, or its digits as a string.
    std::optional<std::int64_t> whole(std::string_view name, std::int64_t least, std::int64_t most);

    struct LengthField {
        job::Length length;
        std::string text;  ///< as it was sent: `15-20 pages`
    };
    /// `15-20 pages`, `10`, `5000 words`; a string or a number.
    std::optional<LengthField> length(std::string_view name);
    /// An amount of US dollars, above 0.
    std::optional<UsdMicros> dollars(std::string_view name);
    /// `max_cost_usd` and `max_tokens`.
    job::Budget budget();

    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// Nothing when absent or null.
    const boost::json::value* find(std::string_view name) const;
    /// Nothing when absent, null or a string of white space alone.
    const boost::json::value* find_filled(std::string_view name) const;
    /// For the few readers that tell null from absent.
    bool is_null(std::string_view name) const;
    /// For rules of a caller's own. `right` completes "'name' …": "should be …".
    void refuse(std::string_view name, std::string_view right);
    void refuse(ApiErrc code, std::string_view name, std::string message);
    const std::optional<ApiError>& problem() const { return problem_; }

private:
    const boost::json::object& body_;
    std::optional<ApiError> problem_;
};

}  // namespace longhand::http
