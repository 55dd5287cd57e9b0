// What a request asks for, read out of its own words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace longhand::llm::offline {

struct Asked {
    std::string genre;  ///< `handbook`; empty where none is named
    std::string subject;
    std::string audience;
};
Asked read_request(const std::string& request);

/// What the request asks for, as a title: `A handbook of the Longhand server for ...` gives `The Longhand Server: A
/// Handbook`.
std::string title_from_request(const std::string& request);

/// The parts that a request lists behind a colon (`...: what a job is, how models are called, and how to operate it`),
/// as titles, at most `most`: neighbours are joined where there are more. Empty when it lists fewer than two.
std::vector<std::string> parts_from_request(const std::string& request, std::size_t most);

}  // namespace longhand::llm::offline
