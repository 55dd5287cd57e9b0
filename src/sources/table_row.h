// A table's row as a line that can be read without the table.
#pragma once

#include <string>
#include <vector>

namespace longhand::sources {

/// "first: second; third.", with the column's name before each value where the table has three columns or more and the
/// name is short. Empty when no cell has text.
std::string table_row(const std::vector<std::string>& header, const std::vector<std::string>& cells);

}  // namespace longhand::sources
