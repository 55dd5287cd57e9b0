// The one suite that every implementation of the store passes. Included by one test file of each, which names its
// factory:
//
//     LONGHAND_STORE_CONFORMS(Sqlite, Factory{"OnFile", make});
#pragma once

// IWYU pragma: begin_exports
#include "store/conformance/claims_testing.h"
#include "store/conformance/deletion_testing.h"
#include "store/conformance/feed_testing.h"
#include "store/conformance/guided_testing.h"
#include "store/conformance/jobs_testing.h"
#include "store/conformance/journal_testing.h"
#include "store/conformance/ledger_testing.h"
#include "store/conformance/projects_testing.h"
#include "store/conformance/requests_testing.h"
#include "store/conformance/webhooks_testing.h"
// IWYU pragma: end_exports

#define LONGHAND_STORE_CONFORMS(prefix, ...)                                                \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreJobs, testing::Values(__VA_ARGS__), name_of);     \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreClaims, testing::Values(__VA_ARGS__), name_of);   \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreGuided, testing::Values(__VA_ARGS__), name_of);   \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreJournal, testing::Values(__VA_ARGS__), name_of);  \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreLedger, testing::Values(__VA_ARGS__), name_of);   \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreProjects, testing::Values(__VA_ARGS__), name_of); \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreRequests, testing::Values(__VA_ARGS__), name_of); \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreDeletion, testing::Values(__VA_ARGS__), name_of); \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreFeed, testing::Values(__VA_ARGS__), name_of);     \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreWebhooks, testing::Values(__VA_ARGS__), name_of); \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreAccounts, testing::Values(__VA_ARGS__), name_of); \
    INSTANTIATE_TEST_SUITE_P(prefix, StoreLists, testing::Values(__VA_ARGS__), name_of)
