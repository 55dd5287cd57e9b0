// A client's end of a connection to the server's loop, over a pair of sockets in this process, on one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace longhand::fuzz {

/// As a handler saw it.
struct Request {
    std::string method;
    std::string target;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;          ///< where the handler read it
    bool reads_body = true;    ///< the handler wanted it
    bool body_failed = false;  ///< it was cut or broken
    bool was_cut = false;      ///< the stream ended in it
    bool operator==(const Request&) const = default;
};

/// As the client saw it. Answers of 1xx are left out.
struct Answer {
    unsigned status = 0;
    bool closes = false;
    std::string head;
    std::string body;
    bool operator==(const Answer&) const = default;
};

struct Conversation {
    std::vector<Request> requests;
    std::vector<Answer> answers;
    std::size_t refusals = 0;
    std::size_t taken_after_refusal = 0;
};

/// Sends the pieces, one after the other has been dealt with, and then the end of the stream; reads all that comes
/// back until the server closes. What is no HTTP in it is a finding. What the handler does is in the request's path:
/// `/skip` does not read the body, `/stream` answers in pieces, `/file` with a file, anything else with a text.
Conversation converse(const std::vector<std::string_view>& pieces);

}  // namespace longhand::fuzz
