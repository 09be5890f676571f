// The main flow through the generated types; run with an address and a user's name.

import createClient from "openapi-fetch";
import type { components, paths } from "./assistant.js";

declare const process: { argv: string[] };

type Job = components["schemas"]["Job"];

const [address = "", name = ""] = process.argv.slice(2);
const password = "correct horse battery";
const rules = "# The tower\n\nChildren must be twelve years old to climb the tower alone.\n";

const client = createClient<paths>({ baseUrl: address });
const form = { headers: { "Content-Type": "application/x-www-form-urlencoded" } };

function assert(truth: unknown, said: unknown): asserts truth {
  if (!truth) throw new Error(JSON.stringify(said));
}

function given<T>(answer: { data?: T; error?: unknown }): T {
  assert(answer.data !== undefined, answer.error);
  return answer.data;
}

async function signIn(): Promise<void> {
  const body = { username: name, email: `${name}@example.org`, password };
  assert(given(await client.POST("/api/v1/auth/register", { body })).username === name, body);
  const asked = { username: name, password };
  const tokens = given(await client.POST("/api/v1/auth/token", { body: asked, ...form }));
  // It is left out only where a page has asked for it as a cookie.
  assert(tokens.refresh_token !== undefined, tokens);
  const grant = { grant_type: "refresh_token", refresh_token: tokens.refresh_token } as const;
  const renewed = given(await client.POST("/api/v1/auth/token", { body: grant, ...form }));
  const wrong = { username: name, password: "not this one" };
  const { error } = await client.POST("/api/v1/auth/token", { body: wrong, ...form });
  assert(error?.status === 401 && error.error === "invalid_grant", error);
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${renewed.access_token}`);
    },
  });
}

async function ended(job: Job): Promise<Job> {
  for (let round = 0; job.finished_at === null && round < 10; round++) {
    const params = { path: { job_id: job.id }, query: { wait: 20 } };
    job = given(await client.GET("/api/v1/jobs/{job_id}", { params }));
  }
  assert(job.state === "succeeded", job);
  return job;
}

async function upload(): Promise<string> {
  const file = new File([rules], "rules.md", { type: "text/markdown" });
  const accepted = await client.POST("/api/v1/documents", {
    // What a generator calls a binary string is a file here.
    body: { file: file as unknown as string, on_duplicate: "reuse" },
    bodySerializer(body) {
      const sent = new FormData();
      for (const [member, value] of Object.entries(body)) sent.append(member, value);
      return sent;
    },
  });
  const { document_id } = await ended(given(accepted));
  assert(document_id !== null, accepted);
  const params = { path: { document_id } };
  const document = given(await client.GET("/api/v1/documents/{document_id}", { params }));
  assert(document.status === "ready" && document.filename === "rules.md", document);
  return document_id;
}

async function ask(document_id: string): Promise<string> {
  const accepted = await client.POST("/api/v1/messages", {
    params: { header: { Prefer: "wait=60" } },
    body: { content: "How old must children be?", document_ids: [document_id] },
  });
  assert(accepted.response.status === 200, accepted.error);
  const { result, id } = await ended(given(accepted));
  const reply = result?.assistant_message;
  const citation = reply?.citations[0];
  assert(reply && citation, result);
  const { start, end } = citation;
  const params = { path: { document_id }, query: { start, end } };
  const slice = given(await client.GET("/api/v1/documents/{document_id}/text", { params }));
  assert(slice.text === citation.quote, slice);
  await follow(id);
  return reply.conversation_id;
}

async function follow(job_id: string): Promise<void> {
  const events = "/api/v1/jobs/{job_id}/events";
  const stream = await client.GET(events, { params: { path: { job_id } }, parseAs: "text" });
  const ids = [...given(stream).matchAll(/^id: (\d+)$/gm)].map((found) => Number(found[1]));
  const params = { path: { job_id }, query: { after: Math.max(...ids) } };
  const again = await client.GET(events, { params, parseAs: "text" });
  assert(ids.length > 0 && again.response.status === 204, ids);
}

async function change(conversation_id: string): Promise<void> {
  const path = { conversation_id };
  const found = await client.GET("/api/v1/conversations/{conversation_id}", { params: { path } });
  const body = { ...given(found), title: "Rules" };
  const header = { "If-Match": found.response.headers.get("ETag") ?? "" };
  for (const status of [200, 412]) {
    const params = { path, header };
    const answer = await client.PUT("/api/v1/conversations/{conversation_id}", { params, body });
    assert(answer.response.status === status, answer);
    body.title = "Others";
  }
}

await signIn();
await change(await ask(await upload()));
const listed = await client.GET("/api/v1/jobs", { params: { query: { limit: 1 } } });
assert(listed.response.headers.get("Link")?.includes('rel="next"'), listed.error);
console.log("done");
