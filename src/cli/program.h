// From the words of a command line to a command, its help, or an error.
#pragma once

namespace longhand::cli {

/// The whole program; gives the exit status. Wipes a key that was given as a flag from the process list.
int run(int argc, char** argv);

}  // namespace longhand::cli
