// All that is durable, but for files: what `main` opens once and hands to every room above.
#pragma once

#include "store/account_store.h"
#include "store/job_store.h"
#include "store/project_store.h"
#include "store/request_store.h"
#include "store/webhook_store.h"

namespace longhand::store {

class Store : public JobStore, public ProjectStore, public AccountStore, public RequestStore, public WebhookStore {};

}  // namespace longhand::store
