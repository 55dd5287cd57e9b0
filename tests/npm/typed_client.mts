// A whole job by a client whose types and calls are generated from the contract (openapi-typescript, openapi-fetch):
// what the contract does not have does not compile. Prints what it saw, as JSON.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./longhand_api.mjs";

declare const process: { argv: string[]; env: Record<string, string | undefined> };

type JobStatus = components["schemas"]["JobStatus"];
type Answer<T> = { data?: T; error?: components["schemas"]["Error"]; response: Response };

/** The answer's data, where it is no error. */
function data<T>(answer: Answer<T>): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

async function upload(client: Client<paths>, projectId: string) {
  return data(
    await client.POST("/api/uploadProjectFiles", {
      body: { projectId, files: ["Bees live in hives. A hive has one queen. In summer the bees gather nectar and make honey."] },
      bodySerializer: (body) => {
        const form = new FormData();
        form.append("projectId", body.projectId ?? "");
        for (const text of body.files ?? []) form.append("files", new Blob([text]), "bees.txt");
        return form;
      },
    }),
  );
}

async function ended(client: Client<paths>, jobId: string): Promise<JobStatus> {
  for (;;) {
    const { status, ...job } = data(await client.GET("/api/getJobStatus", { params: { query: { jobId }, header: { Prefer: "wait=20" } } }));
    if (status === "completed" || status === "failed" || status === "cancelled") return { status, ...job };
  }
}

async function watched(client: Client<paths>, id: string): Promise<string> {
  const stream = await client.GET("/api/jobs/{id}/events", { params: { path: { id } }, parseAs: "text" });
  return stream.data ?? "";
}

/** Never called: each of these lines is an error to the compiler, or the types would be worth nothing. */
export async function mistakes(client: Client<paths>) {
  // @ts-expect-error there is no such call
  await client.GET("/api/getJobStatuses", {});
  // @ts-expect-error the id is missing
  await client.GET("/api/getJobStatus", {});
  // @ts-expect-error the field is written otherwise
  await client.POST("/cancelJob", { body: { job_id: "" } });
  const job = data(await client.GET("/getJobStatus", { params: { query: { jobId: "" } } }));
  // @ts-expect-error no job is ever so
  return job.status === "finished";
}

async function main(baseUrl: string, token: string) {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const project = data(await client.POST("/api/createProject", { body: { newProjectName: "Bees" } }));
  const uploaded = await upload(client, project.id);
  const order = { projectId: project.id, prompt: "Write a short guide to how bees live.", author: "A caller", email: "caller@example.org", page_length: 1 };
  const started = data(await client.POST("/api/generateWizardWork", { body: order, params: { header: { "Idempotency-Key": "typed-1" } } }));
  const events = watched(client, started.jobId);
  const busy = await client.POST("/api/generateWizardWork", { body: order });
  const job = await ended(client, started.jobId);
  const ledger = data(await client.GET("/api/jobs/{id}/ledger", { params: { path: { id: started.jobId } } }));
  const outline = data(await client.GET("/api/getOutline", { params: { query: { jobId: started.jobId } } }));
  data(await client.POST("/api/renameJob", { body: { jobId: started.jobId, title: "How bees live" } }));
  data(await client.POST("/api/starJob", { body: { jobId: started.jobId, starred: true } }));
  const text = await client.GET("/api/jobs/{id}/output.{format}", { params: { path: { id: started.jobId, format: "md" } }, parseAs: "text" });
  const longer = data(await client.POST("/api/generateWizardWork", { body: { ...order, page_length: "40 pages", max_pages: 350 } }));
  const cancelled = data(await client.POST("/cancelJob", { body: { jobId: longer.jobId } }));
  const jobs = data(await client.GET("/api/jobs", { params: { query: { status: "completed" } } }));
  const nobodys = await client.GET("/getJobStatus", { params: { query: { jobId: "00000000-0000-7000-8000-000000000000" } } });
  const usage = data(await client.GET("/api/getUsage"));
  console.log(JSON.stringify({
    uploaded: uploaded.summary, busy: [busy.response.status, busy.error?.code], job, events: (await events).match(/^event: \w+/gm),
    ledger: { calls: ledger.calls.length, tokens: ledger.spent.tokens }, outline: outline.chapters.map((chapter) => chapter.sections.length),
    text: text.data, cancelled, jobs: jobs.jobs, nobodys: [nobodys.response.status, nobodys.error?.code], usage,
  }));
}

await main(process.argv[2] ?? "", process.env["LONGHAND_TOKEN"] ?? "");
