// Who has webhooks: of most owners nobody is told anything, and then an event costs nothing more than itself.
#pragma once

#include <optional>
#include <unordered_set>

#include "base/uuid.h"
#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

/// Used by the one who writes. An owner whose webhooks are gone may still be in it.
class WebhookOwners {
public:
    bool has(Connection& connection, const Uuid& owner) {
        if (!owners_) load(connection);
        return !owners_->empty() && owners_->contains(owner);
    }
    void add(Connection& connection, const Uuid& owner) {
        if (!owners_) load(connection);
        owners_->insert(owner);
    }

private:
    void load(Connection& connection) {
        auto query = connection.query("webhook_owners");
        std::unordered_set<Uuid> owners;
        while (query.step()) owners.insert(query.id());
        owners_ = std::move(owners);
    }

    std::optional<std::unordered_set<Uuid>> owners_;
};

}  // namespace longhand::store::sqlite
