// toml++ for those who read TOML files.
#pragma once

// Its parser (3.3) asserts what a broken file need not keep, and refuses that file right behind (`[*]`): the assertions
// say nothing of our own bugs, and would end a process that was built with them.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
