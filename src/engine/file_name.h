// The name under which a document is offered to people.
#pragma once

#include <string>
#include <string_view>

namespace longhand::engine {

/// Of the title: without what a file system or a header does not take, at most 80 bytes, never empty.
std::string file_name(std::string_view title, std::string_view extension, bool partial);

}  // namespace longhand::engine
