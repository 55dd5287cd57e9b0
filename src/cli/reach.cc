#include "cli/reach.h"

namespace longhand::cli {

std::vector<OptionSpec> reach_options() {
    return {
        {.name = "allow-network",
         .value = "NETWORK",
         .help = "an address or a network, as 10.1.0.0/16, that is not public and that users' links and webhooks may "
                 "reach all the same; commas between several",
         .repeatable = true},
    };
}

Value<net::Networks> allowed_networks(const Options& options) {
    return networks_option(options, "allow-network");
}

}  // namespace longhand::cli
