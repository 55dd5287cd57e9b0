// What a zip says of itself before anything of it is unpacked.
#pragma once

#include <cstdint>
#include <string_view>

namespace longhand::sources {

/// How many bytes a zip's entries have unpacked, as its directory says; 0 when it has none. It may lie, so what unpacks
/// it has limits of its own. (APPNOTE.TXT, sections 4.3.12 and 4.3.16.)
std::uint64_t unpacked_size(std::string_view zip);

}  // namespace longhand::sources
