-- Requests to a provider outside any job.

-- name: insert_prompt_call
INSERT INTO prompt_calls (owner, id, project, purpose, provider, model, is_byok, state, expected_prompt, reserved_cost,
                          prompt_price, completion_price, cached_price, reserved_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
-- name: prompt_call
SELECT id, project, purpose, provider, model, is_byok, state, expected_prompt, prompt_price, completion_price,
       cached_price, generation_id, served_by, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost,
       cost_from, ending, reserved_at, ended_at
  FROM prompt_calls WHERE owner = ? AND id = ?;
-- name: prompt_calls
SELECT id, project, purpose, provider, model, is_byok, state, expected_prompt, prompt_price, completion_price,
       cached_price, generation_id, served_by, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost,
       cost_from, ending, reserved_at, ended_at
  FROM prompt_calls WHERE owner = ? ORDER BY id DESC LIMIT ?;
-- name: end_prompt_call
UPDATE prompt_calls
   SET state = ?, generation_id = ?, served_by = ?, prompt_tokens = ?, completion_tokens = ?, cached_tokens = ?,
       reasoning_tokens = ?, cost = ?, cost_from = ?, ending = ?, ended_at = ?
 WHERE owner = ? AND id = ? AND state = 'reserved';
-- name: unfinished_prompt_calls
SELECT owner, id FROM prompt_calls WHERE state = 'reserved' ORDER BY owner, id;
