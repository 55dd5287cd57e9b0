-- The ledger: calls, budgets, sums.

-- name: insert_budget
INSERT INTO budgets (job, max_cost, max_tokens) VALUES (?, ?, ?);
-- name: budget
SELECT max_cost, max_tokens, spent_cost, reserved_cost, spent_tokens, reserved_tokens, unknown_costs
  FROM budgets WHERE job = ?;
-- name: set_caps
UPDATE budgets SET max_cost = ?, max_tokens = ? WHERE job = ?;
-- name: add_spending
UPDATE budgets
   SET spent_cost = spent_cost + ?, reserved_cost = reserved_cost + ?, spent_tokens = spent_tokens + ?,
       reserved_tokens = reserved_tokens + ?, unknown_costs = unknown_costs + ?
 WHERE job = ?;
-- name: delete_budget
DELETE FROM budgets WHERE job = ?;

-- name: insert_call
INSERT INTO calls (job, id, run, lease, key, attempt, provider, model, state, expected_prompt, reserved_tokens,
                   reserved_cost, prompt_price, completion_price, cached_price, reserved_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
-- name: open_call
UPDATE calls SET state = 'open', generation_id = ?, opened_at = ? WHERE job = ? AND id = ? AND state = 'reserved';
-- name: call_streamed
UPDATE calls SET streamed_tokens = max(streamed_tokens, ?)
 WHERE job = ? AND id = ? AND state IN ('reserved', 'open');
-- name: end_call
UPDATE calls
   SET state = ?, generation_id = CASE WHEN ?2 = '' THEN generation_id ELSE ?2 END,
       served_by = CASE WHEN ?3 = '' THEN served_by ELSE ?3 END, prompt_tokens = ?4, completion_tokens = ?5,
       cached_tokens = ?6, reasoning_tokens = ?7, cost = ?8, cost_from = ?9, ending = ?10,
       ended_at = coalesce(ended_at, ?11)
 WHERE job = ?12 AND id = ?13;
-- name: calls_in_flight_at_cancel
UPDATE calls SET cancelled_run = ? WHERE job = ? AND state IN ('reserved', 'open');
-- name: call
SELECT id, run, lease, key, attempt, provider, model, state, expected_prompt, reserved_tokens, reserved_cost,
       prompt_price, completion_price, cached_price, generation_id, served_by, streamed_tokens, prompt_tokens,
       completion_tokens, cached_tokens, reasoning_tokens, cost, cost_from, ending, cancelled_run, reserved_at,
       opened_at, ended_at
  FROM calls WHERE job = ? AND id = ?;
-- name: calls
SELECT id, run, lease, key, attempt, provider, model, state, expected_prompt, reserved_tokens, reserved_cost,
       prompt_price, completion_price, cached_price, generation_id, served_by, streamed_tokens, prompt_tokens,
       completion_tokens, cached_tokens, reasoning_tokens, cost, cost_from, ending, cancelled_run, reserved_at,
       opened_at, ended_at
  FROM calls WHERE job = ? ORDER BY reserved_at, id;
-- name: unfinished_calls
SELECT job, id FROM calls WHERE state IN ('reserved', 'open') AND (?1 IS NULL OR job = ?1) ORDER BY job, id;
-- name: unsure_calls
SELECT c.job, c.id, c.generation_id, c.ending, c.ended_at, j.owner, j.is_byok FROM calls c JOIN jobs j ON j.id = c.job
 WHERE c.state = 'estimated' AND c.generation_id != '' AND c.provider = ? AND c.ended_at >= ?
 ORDER BY c.ended_at, c.id LIMIT ?;
-- name: delete_calls
DELETE FROM calls WHERE job = ?;

-- name: add_owner_spending
INSERT INTO owner_spending (owner, calls, cost, prompt_tokens, completion_tokens, unknown_costs)
VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (owner) DO UPDATE
   SET calls = calls + excluded.calls, cost = cost + excluded.cost,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       unknown_costs = unknown_costs + excluded.unknown_costs;
-- name: add_usage
INSERT INTO usage (owner, month, project, provider, model, calls, prompt_tokens, completion_tokens, cached_tokens,
                   reasoning_tokens, cost, unknown_costs, works, pages)
VALUES (?, strftime('%Y-%m', ? / 1000, 'unixepoch'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (owner, month, project, provider, model) DO UPDATE
   SET calls = calls + excluded.calls, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       cached_tokens = cached_tokens + excluded.cached_tokens,
       reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost = cost + excluded.cost,
       unknown_costs = unknown_costs + excluded.unknown_costs, works = works + excluded.works,
       pages = pages + excluded.pages;
-- name: usage_of_owner
SELECT month, project, provider, model, calls, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost,
       unknown_costs, works, pages
  FROM usage WHERE owner = ? AND month >= ? AND month <= ? ORDER BY month, project, provider, model;
-- name: all_spending
SELECT coalesce(sum(calls), 0), coalesce(sum(cost), 0), coalesce(sum(prompt_tokens), 0),
       coalesce(sum(completion_tokens), 0), coalesce(sum(unknown_costs), 0)
  FROM owner_spending;
-- name: all_reserved
SELECT count(*), coalesce(sum(reserved_cost), 0) FROM calls WHERE state IN ('reserved', 'open');
