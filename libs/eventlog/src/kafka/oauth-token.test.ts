import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { tokenSource } from "./oauth-token.js";

/** What an authorization server was asked, and how it answers. */
interface Answer {
  readonly status?: number;
  readonly body: string;
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function serve(answers: readonly Answer[]) {
  const asked: { authorization: string | undefined; form: string }[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((form) => {
      const { status = 200, body } = answers[Math.min(asked.length, answers.length - 1)]!;
      asked.push({ authorization: request.headers.authorization, form });
      response.writeHead(status, { connection: "close" }).end(body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { asked, tokenUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const token = (value: string, life?: number): Answer => ({
  body: JSON.stringify({
    access_token: value,
    token_type: "bearer",
    ...(life === undefined ? {} : { expires_in: life }),
  }),
});
const WHO = { clientId: "leastwise", clientSecret: "s:e c/ret", scope: "kafka" };

describe("a source of tokens", () => {
  it("asks as a client with credentials, once for all who want one, and again before the token ends", async () => {
    const { asked, tokenUrl } = await serve([token("one", 100), token("two", 100)]);
    let nowMs = 0;
    const source = tokenSource({ tokenUrl, ...WHO, nowMs: () => nowMs });
    expect(await Promise.all([source(), source()])).toEqual(["one", "one"]);
    nowMs = 79_999;
    expect(await source()).toBe("one");
    nowMs = 80_000;
    expect(await source()).toBe("two");
    const authorization = `Basic ${Buffer.from("leastwise:s%3Ae%20c%2Fret").toString("base64")}`;
    expect(asked).toEqual(Array(2).fill({ authorization, form: "grant_type=client_credentials&scope=kafka" }));
  });

  it("keeps a token whose server does not say how long it lives for less than a minute", async () => {
    const { tokenUrl } = await serve([token("one"), token("two")]);
    let nowMs = 0;
    const source = tokenSource({ tokenUrl, ...WHO, nowMs: () => nowMs });
    await source();
    nowMs = 48_000;
    expect(await source()).toBe("two");
  });

  it.each<[string, Answer, string, string]>([
    ["refuses who asks", { status: 401, body: "{}" }, "terminal", "it answered 401"],
    ["is down", { status: 503, body: "" }, "retry", "it answered 503"],
    ["answers with something else", { body: "<html>" }, "terminal", "no access_token"],
    ["answers with a token that would break its frame", token("a\u0001b"), "terminal", "no access_token"],
  ])("fails when the server %s, and asks again the next time", async (_, answer, hint, why) => {
    const { tokenUrl } = await serve([answer, token("good", 60)]);
    const source = tokenSource({ tokenUrl, ...WHO, nowMs: () => 0 });
    await expect(source()).rejects.toMatchObject({
      code: hint === "terminal" ? "unauthenticated" : "log_unavailable",
      hint,
      message: expect.stringContaining(why),
    });
    expect(await source()).toBe("good");
  });

  it("says the address, and not the secret, when nobody listens", async () => {
    const source = tokenSource({ tokenUrl: "http://127.0.0.1:1/token", ...WHO, nowMs: () => 0 });
    const failure = await source().catch((error: unknown) => String(error));
    expect(failure).toContain("http://127.0.0.1:1/token");
    expect(failure).not.toContain("s:e c/ret");
  });
});
