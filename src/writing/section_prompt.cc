#include "writing/section_prompt.h"

#include <algorithm>

#include "writing/markup.h"
#include "writing/research.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

std::string joined(const std::vector<std::string>& items, std::string_view between) {
    std::string out;
    for (const std::string& item : items) out += (out.empty() ? "" : std::string(between)) + item;
    return out;
}

std::string section_element(const Work& work, LeafRef leaf) {
    const Section& section = work.section(leaf);
    const std::string keywords = joined(section.keywords, ", ");
    return element("section", section.purpose,
                   {{"number", section.number},
                    {"title", section.title},
                    {"chapter", work.chapter(leaf).title},
                    {"keywords", keywords}});
}

std::string faults_element(const std::vector<std::string>& findings) {
    std::string faults;
    for (const std::string& finding : findings) faults += element("fault", finding);
    return faults.empty() ? "" : element_of_markup("faults", "\n" + faults);
}

/// Tokens for so many words: about two each in most languages, more where a word is two characters of a dense script.
std::int64_t tokens_for(std::int64_t words, std::string_view language) {
    const bool latin = script_of_language(language) == Script::latin;
    return words * (latin ? 2 : 4) + 300;
}

/// What can be given up when the context is small.
struct Extent {
    std::vector<std::string> keys;
    std::size_t said = 60;
    std::size_t outline = 1;  ///< 0: this chapter's lines alone
};

bool shrink(Extent& extent) {
    if (extent.keys.size() > 3) return extent.keys.pop_back(), true;
    if (extent.said > 0) return extent.said /= 2, true;
    if (extent.outline > 0) return extent.outline = 0, true;
    if (!extent.keys.empty()) return extent.keys.pop_back(), true;
    return false;
}

std::string own_chapter(const Work& work, LeafRef leaf) {
    Outline only;
    only.chapters = {work.chapter(leaf)};
    return outline_view(only, {0, leaf.section});
}

Fields fields_of(StepContext& context, const Work& work, const SectionCall& call, const Extent& extent) {
    const Aliases aliases = aliases_of(extent.keys);
    const job::Settings& settings = context.settings();
    Fields fields = settings_fields(settings, work);
    fields.markup("milestones", milestones_markup(work.milestones, milestone_bytes_of_draft(settings)));
    fields.text("key", call.key);
    fields.number("words", call.words);
    fields.markup("outline", element("outline", extent.outline > 0 ? outline_view(work.outline, call.leaf)
                                                                   : own_chapter(work, call.leaf)));
    fields.markup("section", section_element(work, call.leaf));
    const auto lines = said_lines(work, call.leaf, aliases, extent.said);
    fields.markup("said", optional_element("said", joined(lines, "\n")));
    fields.markup("terms", optional_element("terms", joined(work.plan.terms, "\n")));
    fields.markup("passages", passages_markup(context, extent.keys));
    fields.markup("faults", faults_element(call.findings));
    const SectionState& state = work.at(call.leaf);
    const std::string before = state.versions.empty() ? "" : join_blocks(state.versions[state.chosen].blocks);
    fields.markup("draft", element("draft", with_aliases(before, aliases)));
    return fields;
}

}  // namespace

std::string with_aliases(std::string_view text, const Aliases& aliases) {
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find("[@");
        out += text.substr(0, open);
        if (open == std::string_view::npos) break;
        const std::size_t close = std::min(text.find(']', open), text.size() - 1);
        std::string names;
        for (const std::string& key : cited_keys(text.substr(open, close - open + 1)))
            for (const auto& [alias, of] : aliases)
                if (of == key) names += (names.empty() ? "@" : "; @") + alias;
        if (!names.empty())
            out += "[" + names + "]";
        else if (out.ends_with(' '))
            out.pop_back();
        text.remove_prefix(close + 1);
    }
    return out;
}

SectionPrompt section_prompt(StepContext& context, const Work& work, const SectionCall& call) {
    SectionPrompt prompt;
    AskRequest& request = prompt.request;
    request.role = Role::writing;
    request.system = system_prompt();
    request.max_tokens = bounded_max_tokens(context.settings(), tokens_for(call.words, work.plan.language));
    request.planned_words = call.prompt == "draft" ? call.words : 0;
    const std::size_t room = prompt_room(context.settings(), request.max_tokens);
    Extent extent{work.at(call.leaf).keys};
    do {
        request.user = render_prompt(call.prompt, fields_of(context, work, call, extent));
    } while (estimate_tokens(request.user) > room && shrink(extent));
    prompt.aliases = aliases_of(extent.keys);
    return prompt;
}

AskRequest continue_prompt(StepContext& context, const Work& work, const SectionCall& call, const SectionPrompt& first,
                           std::string_view draft) {
    const std::int64_t left = std::max<std::int64_t>(call.words - count_words(draft), 60);
    AskRequest request = first.request;
    request.planned_words = 0;
    request.max_tokens = bounded_max_tokens(context.settings(), tokens_for(left, work.plan.language));
    const std::size_t room = prompt_room(context.settings(), request.max_tokens);
    Extent extent;
    for (std::size_t i = 1; i <= first.aliases.size(); ++i)
        extent.keys.push_back(first.aliases.at("p" + std::to_string(i)));
    std::size_t tail = 4000;
    do {
        SectionCall rest = call;
        rest.key = call.continue_key;
        rest.words = left;
        Fields fields = fields_of(context, work, rest, extent);
        std::string_view end = draft.substr(draft.size() > tail ? draft.size() - tail : 0);
        while (!end.empty() && (static_cast<unsigned char>(end.front()) & 0xc0) == 0x80) end.remove_prefix(1);
        fields.markup("draft", element("draft", end));
        request.user = render_prompt("continue", fields);
        tail = std::max<std::size_t>(tail * 2 / 3, 400);
    } while (estimate_tokens(request.user) > room && shrink(extent));
    return request;
}

}  // namespace longhand::writing
