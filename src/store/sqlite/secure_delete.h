// Deleting a user's text.
#pragma once

#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

/// What is deleted is overwritten in the database's file too, for as long as this lives: its text is to be gone.
class SecureDelete {
public:
    explicit SecureDelete(Connection& connection) : connection_(connection) { set("ON"); }
    ~SecureDelete() { set("OFF"); }
    SecureDelete(const SecureDelete&) = delete;
    SecureDelete& operator=(const SecureDelete&) = delete;

private:
    void set(const std::string& value) { connection_.number("PRAGMA secure_delete = " + value); }

    Connection& connection_;
};

}  // namespace longhand::store::sqlite
