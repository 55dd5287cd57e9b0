// The table of routes, the contract and the list of errors say the same.
#include "http/contract.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "http/testing.h"

namespace longhand::http {
namespace {

TEST(Contract, HasTheRoutesOfTheTableAndNoOthers) {
    TestServer server;
    std::set<std::string> table, contract;
    for (const Route& route : server.app().routes()) table.insert(route.method + " " + route.path);
    const auto document = boost::json::parse(contract_json());
    for (const auto& path : document.at("paths").as_object()) {
        for (const auto& method : path.value().as_object()) {
            std::string verb(method.key());
            for (char& c : verb) c = static_cast<char>(std::toupper(c));
            contract.insert(verb + " " + std::string(path.key()));
        }
    }
    EXPECT_EQ(table, contract);
}

TEST(Errors, EachCodeHasItsLineInTheDocument) {
    std::ifstream file(LONGHAND_SOURCE_DIR "/docs/errors.md");
    std::stringstream text;
    text << file.rdbuf();
    const std::string document = text.str();
    // The table of answers alone; codes of jobs that failed have another.
    const std::string answers = document.substr(0, document.find("## Jobs"));
    std::set<std::string> documented, known;
    const std::regex line(R"(\n\| `([a-z_]+)` \| (\d+) \|)");
    for (std::sregex_iterator it(answers.begin(), answers.end(), line), end; it != end; ++it)
        documented.insert((*it)[1].str() + " " + (*it)[2].str());
    for (const ErrorLine& error : error_table())
        known.insert(std::string(error.word) + " " + std::to_string(static_cast<int>(error.status)));
    for (const std::string& error : known) EXPECT_TRUE(documented.contains(error)) << error;
    // What the connection refuses before any handler sees it.
    for (const char* error : {"bad_request 400", "uri_too_long 414", "headers_too_large 431",
                              "range_not_satisfiable 416", "shutting_down 503", "too_many_connections 503"})
        known.insert(error);
    for (const std::string& error : documented) EXPECT_TRUE(known.contains(error)) << error;
}

}  // namespace
}  // namespace longhand::http
