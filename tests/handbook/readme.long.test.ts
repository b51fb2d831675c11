import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../journey/built-program.js";
import { until } from "../journey/until.js";

// What the README tells people to type is typed here, as it is printed there; and what the program prints to try next, too.

const run = promisify(execFile);

/** The default play, its tables and its start, ms: two minutes alone, more beside the brokers of other tests. */
const PLAY_MAX_MS = 600_000;
const CALL_MAX_MS = 30_000;

const README = readFileSync(path.join(ROOT, "README.md"), "utf8");
const BLOCKS = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!.trim());

/** The one block of the README that is this command alone, or begins with it. */
function block(command: string): string {
  const found = BLOCKS.filter((text) => text === command);
  const begun = BLOCKS.filter((text) => text.startsWith(command));
  if (found.length + begun.length === 0) throw new Error(`no block of the README begins with ${command}`);
  return found[0] ?? begun[0]!;
}

const inherited = Object.entries(process.env).filter(([name]) => !/^(LEASTWISE_|NODE_OPTIONS|JEST_)/.test(name));
// The first answer of a process that has just begun, beside other tests: what is in it is looked at here, not how soon it comes.
const env = {
  ...Object.fromEntries(inherited),
  LEASTWISE_RPC__DECIDE_DEADLINE_MS: "5000",
  LEASTWISE_SCORER__POLICY_UNSEEN_MS: "10000",
};

/** What a command prints, as a shell runs it. */
async function printed(command: string): Promise<string> {
  const { stdout } = await run("bash", ["-c", command], { cwd: ROOT, env, timeout: CALL_MAX_MS, maxBuffer: 64 << 20 });
  return stdout;
}

/** A command that goes on until it is told to stop. */
class Running {
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(command: string) {
    this.#child = spawn("bash", ["-c", command], { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** Resolves when it has said something; fails with all it said when it ends before. */
  async says(text: string, maxMs: number): Promise<void> {
    await until(
      () => {
        if (this.output.includes(text)) return Promise.resolve(true);
        if (this.#child.exitCode === null) return Promise.resolve(undefined);
        throw new Error(`it ended:\n${this.output}`);
      },
      `it says "${text}"`,
      maxMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    if (this.#child.exitCode === null) process.kill(-this.#child.pid!, "SIGINT");
    await this.#ended;
  }
}

const hasGrpcurl = await run("grpcurl", ["-version"]).then(
  () => true,
  () => false,
);
if (!hasGrpcurl) {
  if (process.env["CI"] === "true") throw new Error("CI tries the README's grpcurl calls, and grpcurl is not there");
  process.stderr.write("left out: the README's grpcurl calls, as grpcurl is not installed\n");
}
const withGrpcurl = hasGrpcurl ? it : it.skip;

describe("npm start", () => {
  let shop: Running;
  beforeAll(async () => {
    shop = new Running(block("npm start"));
    await shop.says("Serving until Ctrl-C", PLAY_MAX_MS);
  }, PLAY_MAX_MS);
  afterAll(() => shop.interrupt());

  it("ends in the table that the README shows, to the last figure", () => {
    const [, table = ""] = /^```\n(incentives, by kind and depth\n.*?)^```$/ms.exec(README) ?? [];
    const lines = table.split("\n").filter((line) => line.trim() !== "" && line.trim() !== "…");
    expect(lines.length).toBeGreaterThan(8);
    expect(lines.filter((line) => !shop.output.includes(line))).toEqual([]);
  });

  withGrpcurl("lists its services", async () => {
    expect(await printed(block("grpcurl -plaintext localhost:7400 list"))).toContain("leastwise.v1.DecisionService\n");
  });

  withGrpcurl("answers a Decide", async () => {
    const answer = JSON.parse(await printed(block("grpcurl -plaintext -d"))) as Record<string, unknown>;
    expect(answer).toMatchObject({ decisionId: expect.any(String), freshness: "FRESHNESS_FRESH" });
  });

  it("answers SQL", async () => {
    const table = await printed(block("curl http://localhost:7403/"));
    for (const word of ["reason", "granted", "holdout", "treatment"]) expect(table).toContain(word);
  });

  it("has a metrics page", async () => {
    expect(await printed(block("curl http://localhost:7402/metrics"))).toContain("leastwise_decisions_total{");
  });

  it("prints what to try next, each of which works as printed", async () => {
    const next = shop.output.slice(shop.output.indexOf("Try next:"));
    const commands = next
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^(grpcurl|curl) /.test(line));
    expect(commands.map((command) => command.split(" ")[0])).toEqual(["grpcurl", "curl", "curl"]);
    const [decide, sql, metrics] = commands;
    if (hasGrpcurl) expect(await printed(decide!)).toContain('"policyVersion"');
    expect(await printed(sql!)).toContain("conversion");
    expect(await printed(metrics!)).toContain("leastwise_");
  });
});

describe("npm start -- serve", () => {
  const data = path.join(ROOT, "data");
  const wasThere = existsSync(data);
  let service: Running;
  beforeAll(async () => {
    service = new Running(block("npm start -- serve"));
    await service.says("serving", CALL_MAX_MS);
  }, CALL_MAX_MS);
  afterAll(async () => {
    await service.interrupt();
    if (!wasThere) rmSync(data, { recursive: true, force: true });
  });

  withGrpcurl("answers a Decide in the currency of its own policy", async () => {
    const answer = JSON.parse(await printed(block(`grpcurl -plaintext -d '{\n  "caller"`))) as Record<string, unknown>;
    expect(answer).toMatchObject({ decisionId: expect.any(String), freshness: "FRESHNESS_FRESH" });
    expect(answer).not.toHaveProperty("degradedReason");
  });

  it("shows its policy, checks it, and puts it into force again under another name", async () => {
    const policy = path.join(ROOT, "policy.yaml");
    const [show, ...rest] = block("npm start --silent -- policy show").split("\n");
    try {
      expect(await printed(show!)).toBe("");
      const answers = [];
      for (const line of rest) answers.push(await printed(line));
      expect(answers).toEqual([
        expect.stringContaining("policy.yaml: starter-1 could be put into force"),
        "mine-1 is in force\n",
      ]);
    } finally {
      rmSync(policy, { force: true });
    }
  }, 180_000);

  it("takes an event over HTTP", async () => {
    const answer = JSON.parse(await printed(block("curl http://localhost:7401/v1/events"))) as Record<string, unknown>;
    expect(answer).toMatchObject({ accepted: 1, position: expect.stringMatching(/./) });
  });
});
