// Names of what a line of program text declares.
#pragma once

#include <string>
#include <string_view>

namespace longhand::sources {

enum class DeclarationKind {
    nothing,  ///< a statement, or nothing that is understood
    scope,    ///< a namespace or module: its name is no title
    type,     ///< class, struct, enumeration, interface
    other,    ///< a function, a variable, a macro, a member
};

struct Declaration {
    DeclarationKind kind = DeclarationKind::nothing;
    std::string name;
};

/// `code`: a declaration's first line or lines, without comments.
Declaration read_declaration(std::string_view code);

}  // namespace longhand::sources
