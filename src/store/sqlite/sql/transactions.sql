-- name: begin_write
BEGIN IMMEDIATE;
-- name: commit
COMMIT;
-- name: savepoint
SAVEPOINT operation;
-- name: release_savepoint
RELEASE operation;
-- name: undo_savepoint
ROLLBACK TO operation;
-- name: begin_read
BEGIN;
-- name: end_read
COMMIT;
