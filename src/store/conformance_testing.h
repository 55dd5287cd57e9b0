// The one suite that every implementation of the store passes. Included by one test file of each, which names its
// factory:
//
//     LONGHAND_STORE_CONFORMS(Sqlite, (Factory{"Sqlite", make}));
#pragma once

#include "store/conformance/jobs_testing.h"  // IWYU pragma: export

#define LONGHAND_STORE_CONFORMS(prefix, factory) \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreJobs, testing::Values factory, name_of)
