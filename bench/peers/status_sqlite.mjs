// What a user would write by hand: Fastify + @fastify/jwt (HS256) + better-sqlite3, one process, GET /getJobStatus?jobId=.
// Reads the installation's own database and checks its own tokens, so that both servers get the same requests.
// Environment: DATABASE, SECRET (hexadecimal), AUDIENCE. Prints `listening on http://127.0.0.1:PORT`.
import jwt from '@fastify/jwt';
import Database from 'better-sqlite3';
import Fastify from 'fastify';

const database = new Database(process.env.DATABASE, { readonly: true });
const find = database.prepare(`SELECT id, owner, project, state, stage, progress, title, is_byok, is_starred, reasoning_model,
  writing_model, function_model, problem_message, created_at, updated_at FROM jobs WHERE id = ? AND owner = ?`);
const user = database.prepare('SELECT 1 FROM users WHERE id = ? AND removed_at IS NULL');

const text = { type: 'string' }, optional = { type: ['string', 'null'] };
const number = { type: 'number' }, flag = { type: 'boolean' };
const job = {
  type: 'object',
  properties: {
    id: text, user_id: text, project_id: text, status: text, progress: number, progress_stage: text, percent_complete: number,
    title: optional, is_byok: flag, reasoning_model: optional, writing_model: optional, function_model: optional,
    error_message: optional, is_starred: flag, created_at: text, updated_at: text,
  },
};
const bytes = (uuid) => Buffer.from(uuid.replaceAll('-', ''), 'hex');
const uuid = (blob) => {
  const hex = blob.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const app = Fastify({ logger: false });
await app.register(jwt, {
  secret: Buffer.from(process.env.SECRET, 'hex'),
  verify: { algorithms: ['HS256'], allowedAud: process.env.AUDIENCE },
});
app.addHook('onRequest', async (request, reply) => {
  try {
    await request.jwtVerify();
  } catch {
    return reply.code(401).send({ error: 'unauthorized' });
  }
});
app.get('/getJobStatus', {
  schema: {
    querystring: { type: 'object', required: ['jobId'], properties: { jobId: { type: 'string', format: 'uuid' } } },
    response: { 200: job },
  },
}, async (request, reply) => {
  const owner = bytes(request.user.sub);
  if (!user.get(owner)) return reply.code(401).send({ error: 'unauthorized' });
  const row = find.get(bytes(request.query.jobId), owner);
  if (!row) return reply.code(404).send({ error: 'no such job' });
  return {
    id: uuid(row.id), user_id: uuid(row.owner), project_id: uuid(row.project), status: row.state, progress: row.progress,
    progress_stage: row.stage, percent_complete: row.progress, title: row.title, is_byok: !!row.is_byok,
    reasoning_model: row.reasoning_model, writing_model: row.writing_model, function_model: row.function_model,
    error_message: row.problem_message, is_starred: !!row.is_starred,
    created_at: new Date(row.created_at).toISOString(), updated_at: new Date(row.updated_at).toISOString(),
  };
});
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.on('SIGTERM', () => process.exit(0));
console.log(`listening on ${address}`);
