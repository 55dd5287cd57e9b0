#include "cli/program.h"

int main(int argc, char** argv) {
    return longhand::cli::run(argc, argv);
}
