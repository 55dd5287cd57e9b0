// The whole way of a job, from its project to its deletion, with Node's own fetch, undici and axios. Called with a plan as
// JSON (see clients_test.py); what each client saw goes to stdout. NODE_PATH names the folder that has the packages.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const axios = require("axios");
const FormStream = require("form-data");
const undici = require("undici");

const plan = JSON.parse(process.argv[2]);
const kJson = { "Content-Type": "application/json" };

// Each client: (method, path, body, parts) to a status and a text. `parts` are name, text and, of a file, its name.
const clients = {
  fetch: (headers) => async (method, path, body, parts) => {
    const form = parts && webForm(new FormData(), parts);
    const answer = await fetch(new URL(path, plan.url), {
      method,
      headers: form ? headers : { ...headers, ...kJson },
      body: form ?? (body && JSON.stringify(body)),
    });
    return [answer.status, await answer.text()];
  },

  undici: (headers) => async (method, path, body, parts) => {
    const form = parts && webForm(new undici.FormData(), parts);
    const answer = await undici.request(new URL(path, plan.url), {
      method,
      headers: form ? headers : { ...headers, ...kJson },
      body: form ?? (body && JSON.stringify(body)),
    });
    return [answer.statusCode, await answer.body.text()];
  },

  // It drops the type of a body that is not there, so its users send an empty object with GET and DELETE. The form is a
  // stream of unknown length: the body comes in chunks.
  axios: (headers) => async (method, path, body, parts) => {
    const form = parts && new FormStream();
    for (const [part, text, name] of parts ?? []) form.append(part, Buffer.from(text), name && { filename: name });
    const answer = await axios.request({
      method,
      url: path,
      baseURL: plan.url,
      headers: form ? { ...headers, ...form.getHeaders() } : { ...headers, ...kJson },
      data: form ?? body ?? {},
      validateStatus: () => true,
      responseType: "text",
      transformResponse: (text) => text,
    });
    return [answer.status, answer.data];
  },
};

function webForm(form, parts) {
  for (const [part, text, name] of parts) {
    if (name) form.append(part, new Blob([text]), name);
    else form.append(part, text);
  }
  return form;
}

async function walk(send) {
  const call = async (method, path, body, parts) => {
    const [status, text] = await send(method, path, body, parts);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text;
  };
  const json = async (...words) => JSON.parse(await call(...words));

  const seen = {};
  const project = (await json("POST", "/api/createProject", plan.project)).id;
  seen.project = project;
  const parts = plan.files.map(([name, text]) => ["files", text, name]);
  parts.splice(1, 0, ["projectId", project]);
  seen.uploaded = await json("POST", "/api/uploadProjectFiles", undefined, parts);
  seen.files = await json("GET", `/api/getProjectFiles?projectId=${project}`);

  const order = { ...plan.order, projectId: project };
  const job = (await json("POST", "/api/generateWizardWork", order)).jobId;
  const read = (id) => json("GET", `/api/getJobStatus?jobId=${id}`);
  do {
    await sleep(50);
    seen.done = await read(job);
  } while (["submitted", "queued", "in_progress"].includes(seen.done.status));
  seen.markdown = await call("GET", `/api/jobs/${job}/output.md`);
  if (seen.done.output_url_pdf) seen.pdf = (await (await fetch(seen.done.output_url_pdf)).text()).slice(0, 5);

  const second = (await json("POST", "/api/generateWizardWork", { ...order, ...plan.longer })).jobId;
  seen.cancelled = await json("POST", "/api/cancelJob", { jobId: second });
  seen.after = await read(second);
  seen.deleted = await json("DELETE", `/api/deleteProject?projectId=${project}`);
  const [status, text] = await send("GET", `/api/getProjectDetails?projectId=${project}`);
  seen.gone = { status, ...JSON.parse(text) };
  return seen;
}

async function main() {
  const names = Object.keys(clients);
  const walks = await Promise.all(names.map((name) => walk(clients[name](plan.headers[name]))));
  console.log(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, walks[i]]))));
}

main();
