#include "cli/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "cli/command.h"
#include "cli/progress_view.h"
#include "typeset/typesetter.h"

namespace longhand::cli {
namespace {

namespace json = boost::json;

std::int64_t whole_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_number() ? 0 : value->to_number<std::int64_t>();
}

std::string text_in(const json::value& value, std::string_view name) {
    const json::value* member = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return member == nullptr || !member->is_string() ? std::string() : std::string(member->get_string());
}

const json::array& list_in(const json::object& object, std::string_view name) {
    static const json::array kNone;
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_array() ? kNone : value->get_array();
}

}  // namespace

std::vector<std::string> format_words() {
    std::vector<std::string> words;
    for (const typeset::Format format : typeset::kFormats) words.emplace_back(typeset::extension(format));
    return words;
}

Value<std::vector<std::string>> formats_option(const Options& options) {
    const std::vector<std::string> known = format_words();
    std::vector<std::string> formats;
    std::stringstream words(options.get("format"));
    for (std::string word; std::getline(words, word, ',');) {
        word.erase(std::remove(word.begin(), word.end(), ' '), word.end());
        // A variable or a file speaks to `get` too, which gives the quality sheet.
        if (word == "quality.json" && !options.is_typed("format")) continue;
        if (std::ranges::find(known, word) == known.end()) {
            return wrong_usage(
                fmt::format("{} should be of pdf, tex, md, html, docx and epub, with commas between them, not '{}'.{}",
                            options.origin("format"), word, did_you_mean(word, known)));
        }
        if (std::ranges::find(formats, word) == formats.end()) formats.push_back(word);
    }
    if (formats.empty() && !options.is_typed("format") && !options.get("format").empty())
        return std::vector{known.front()};
    if (formats.empty()) return wrong_usage(fmt::format("{} names no format; pdf is one.", options.origin("format")));
    return formats;
}

std::string with_file(const std::string& file, const std::string& reason) {
    const std::string name = std::filesystem::path(file).filename().string();
    return reason.starts_with(name + " ") || reason.starts_with(file + " ") ? reason : file + ": " + reason;
}

Figures figures_of(const json::object& quality) {
    Figures figures;
    figures.pages = whole_in(quality, "pages");
    figures.words = whole_in(quality, "words");
    figures.citations = whole_in(quality, "citations");
    for (const json::value& source : list_in(quality, "sources_unread")) {
        figures.remarks.push_back("not used: " + with_file(text_in(source, "name"), text_in(source, "reason")));
    }
    for (const json::value& warning : list_in(quality, "warnings")) {
        if (warning.is_string()) figures.remarks.emplace_back(warning.get_string());
    }
    return figures;
}

void print_delivery(const std::string& job, const std::vector<Delivered>& files, const Figures& figures, Seconds taken,
                    bool as_json) {
    if (as_json) {
        json::object paths;
        for (const Delivered& file : files) paths[file.format] = file.path;
        json::object line{{"kind", "done"},           {"job", job},
                          {"files", paths},           {"pages", figures.pages},
                          {"words", figures.words},   {"citations", figures.citations},
                          {"seconds", taken.count()}, {"remarks", json::value_from(figures.remarks)}};
        if (figures.cost) line["cost_usd"] = figures.cost->usd();
        std::printf("%s\n", json::serialize(line).c_str());
        return;
    }
    for (const std::string& remark : figures.remarks) std::printf("note       %s\n", remark.c_str());
    for (const Delivered& file : files) std::printf("%-10s %s\n", file.format.c_str(), file.path.c_str());
    std::printf("pages      %s\n", with_commas(figures.pages).c_str());
    std::printf("words      %s\n", with_commas(figures.words).c_str());
    std::printf("citations  %s\n", with_commas(figures.citations).c_str());
    std::printf("seconds    %s\n", with_commas(taken.count()).c_str());
    if (figures.cost) std::printf("cost       %s\n", format_usd(*figures.cost).c_str());
}

void print_failure_line(const std::string& code, const std::string& message) {
    const json::value line{{"kind", "error"}, {"text", message}, {"code", code}};
    std::printf("%s\n", json::serialize(line).c_str());
}

int print_failure(const Options& options, const std::string& code, const std::string& message, int status) {
    if (options.flag("json")) print_failure_line(code, message);
    return complain(message, status);
}

std::string free_path(const std::string& folder, const std::string& name) {
    const std::filesystem::path wanted(name);
    std::filesystem::path path = std::filesystem::path(folder) / wanted;
    for (int number = 2; std::filesystem::exists(path); ++number) {
        path = std::filesystem::path(folder) /
               fmt::format("{}-{}{}", wanted.stem().string(), number, wanted.extension().string());
    }
    return path.string();
}

}  // namespace longhand::cli
