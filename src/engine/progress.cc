#include "engine/progress.h"

#include <algorithm>
#include <string_view>

namespace longhand::engine {
namespace {

using job::Stage;

constexpr double kRead = 3, kOutlining = 4, kPlanned = 5, kWritten = 88, kSet = 98;
constexpr double kPageCount = 2.5;  // of the tenth kept for assembling: three rounds and the last setting

double part(double done, double of) {
    return of <= 0 ? 0 : std::clamp(done / of, 0.0, 1.0);
}

double by_words(const WorkDone& work) {
    const auto words = static_cast<double>(work.words_done + work.words_live);
    return kPlanned + (kWritten - kPlanned) * part(words, static_cast<double>(work.words_planned));
}

double by_stage(const WorkDone& work) {
    switch (work.stage) {
        case Stage::reading_sources:
            return kRead * part(static_cast<double>(work.sources_read), static_cast<double>(work.sources));
        case Stage::planning:
            return kRead;
        case Stage::outlining:
            return kOutlining;
        case Stage::researching:
        case Stage::generating_work:
        case Stage::reviewing:
            return by_words(work);
        case Stage::assembling:
        case Stage::typesetting:
            return std::min(kWritten + kPageCount * static_cast<double>(work.page_counts), kSet);
        case Stage::queued:
        case Stage::waiting_for_provider:
        case Stage::waiting_for_budget:
        case Stage::waiting_for_user:
        case Stage::done:
        case Stage::stopped:
            return 0;
    }
    return 0;
}

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// The first byte of a character of three bytes from U+3000 on: Chinese, Japanese, Korean.
bool begins_wide(unsigned char c) {
    return c >= 0xE3 && c <= 0xED;
}

}  // namespace

double progress_of(const WorkDone& work, double before) {
    return std::max(before, by_stage(work));
}

std::int64_t count_words(std::string_view text) {
    std::int64_t words = 0, wide = 0;
    bool in_word = false;
    for (const char c : text) {
        const bool is_wide = begins_wide(static_cast<unsigned char>(c));
        wide += is_wide ? 1 : 0;
        const bool continues_wide = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
        if (is_space(c) || is_wide) {
            in_word = false;
        } else if (!in_word && !continues_wide) {
            in_word = true;
            ++words;
        }
    }
    return words + wide / 2;
}

}  // namespace longhand::engine
