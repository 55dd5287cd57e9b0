// A second reader of a client's stream, which knows one way to write HTTP/1.1 and takes nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/conversation.h"

namespace longhand::fuzz {

/// Goes through the stream request by request. A request that the server took and that a strict reader would not, or
/// would read otherwise, is a finding.
class StrictReader {
public:
    /// `stream` outlives it.
    explicit StrictReader(std::string_view stream) : rest_(stream) {}

    /// That `request` is what stands next.
    void expect(const Request& request);

private:
    struct Head {
        std::string_view method, target, version;
        std::vector<std::pair<std::string, std::string>> fields;
        std::size_t count(std::string_view name) const;
        std::string_view value(std::string_view name) const;
    };
    Head take_head();
    void expect_head(const Head& head, const Request& request);
    std::string take_body(const Head& head);
    std::string take_chunks();
    std::string_view take_line();

    std::string_view rest_;
    /// The last request's, when its body was not looked at: whether it is broken shows when there is a next one.
    std::optional<Head> unread_;
    bool is_cut_ = false;      ///< the stream has ended within a body
    bool has_closed_ = false;  ///< the last request was to be the connection's last
};

}  // namespace longhand::fuzz
