// What the official OpenAI client makes of a server of its protocol, as JSON on stdout.
// Called with the base URL; NODE_PATH names the folder that has `openai`.
"use strict";

const OpenAI = require("openai");

const [baseURL] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0, timeout: 30_000 });
const messages = [
  { role: "system", content: "You write short texts." },
  { role: "user", content: [{ type: "text", text: "Write three sentences on how a lease is renewed." }] },
];
const request = { model: "offline", messages, max_tokens: 80 };

async function atOnce() {
  const { data, response } = await client.chat.completions.create(request).withResponse();
  return { ...data, header: response.headers.get("x-generation-id") };
}

async function streamed() {
  const stream = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  const got = { text: "", chunks: 0, ids: new Set(), finish: null, usage: null };
  for await (const chunk of stream) {
    got.chunks += 1;
    got.ids.add(chunk.id);
    got.text += chunk.choices[0]?.delta?.content ?? "";
    got.finish = chunk.choices[0]?.finish_reason ?? got.finish;
    got.usage = chunk.usage ?? got.usage;
  }
  return { ...got, ids: [...got.ids] };
}

// The client's own reader of streams, which puts the whole answer together and checks its shape.
async function putTogether() {
  return client.chat.completions.stream(request).finalChatCompletion();
}

async function leftEarly() {
  const stream = await client.chat.completions.create({ ...request, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content) break;
  }
  return stream.controller.signal.aborted;
}

async function refused(change) {
  try {
    await client.chat.completions.create({ ...request, ...change });
  } catch (error) {
    const { status, code, type, param, message } = error;
    return { kind: error.constructor.name, status, code, type, param, message };
  }
  return null;
}

async function models() {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  return ids;
}

async function main() {
  const results = {
    node: process.version,
    models: await models(),
    at_once: await atOnce(),
    streamed: await streamed(),
    put_together: await putTogether(),
    left_early: await leftEarly(),
    bounded: (await client.chat.completions.create({ ...request, max_completion_tokens: 5, max_tokens: undefined }))
      .choices[0],
    unknown_model: await refused({ model: "gpt-large" }),
    no_messages: await refused({ messages: [] }),
  };
  process.stdout.write(JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
