import { startSecuredBroker, type SecuredBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd } from "./program.js";

// Brokers that are there and let nobody in who is not known: a service that starts does not wait for them as for brokers that are away.

const WAITS_UP_TO_MS = 3_600_000;
/** A start, and all tries of the client library. */
const ENDS_WITHIN_MS = 60_000;

const data = newFolder();
let broker: SecuredBroker;

beforeAll(async () => {
  broker = await startSecuredBroker({ users: { scorer: "the right one" } });
  writeFileSync(path.join(data, "ca.pem"), broker.ca);
  writeFileSync(path.join(data, "stranger.pem"), broker.stranger.ca);
}, 180_000);

afterAll(async () => {
  await (broker as SecuredBroker | undefined)?.stop();
}, 60_000);

/** A key that is not there is said before anybody goes to a broker. */
const KEYS = { LEASTWISE_SUBJECTS__KEY: "11".repeat(32), LEASTWISE_CODES__KEY: "22".repeat(32) };

/** Settings that are otherwise than they should be; undefined for one that is left out. */
type Wrong = Readonly<Record<string, string | undefined>>;

function settings(wrong: Wrong): Record<string, string> {
  const right = {
    ...{ ADAPTER: "kafka", BROKERS: broker.sasl, START_WAIT_MS: String(WAITS_UP_TO_MS) },
    ...{ TLS: "true", TLS_CA_FILE: path.join(data, "ca.pem") },
    ...{ SASL_MECHANISM: "scram-sha-512", SASL_USER: "scorer", SASL_PASSWORD: "the right one" },
  };
  const log = Object.entries<string | undefined>({ ...right, ...wrong }).flatMap(([key, value]) =>
    value === undefined ? [] : [[`LEASTWISE_LOG__${key}`, value]],
  );
  return { ...(Object.fromEntries(log) as Record<string, string>), ...KEYS, LEASTWISE_DATA_DIRECTORY: newFolder() };
}

const WRONG: readonly (readonly [string, () => Wrong, RegExp])[] = [
  ["a wrong password", () => ({ SASL_PASSWORD: "guessed" }), /log\.sasl_user and log\.sasl_password/],
  ["a wrong CA", () => ({ TLS_CA_FILE: path.join(data, "stranger.pem") }), /log\.tls_ca_file/],
  ["plain text to a port of TLS", () => ({ TLS: "false", TLS_CA_FILE: undefined }), /set log\.tls to true/],
  ["TLS to a port of plain text", () => ({ BROKERS: broker.plaintext }), /set log\.tls to false/],
  [
    "no mechanism",
    () => ({ SASL_MECHANISM: "none", SASL_USER: undefined, SASL_PASSWORD: undefined }),
    /log\.sasl_mechanism to one that it takes \(.*SCRAM-SHA-512/,
  ],
];

describe("a service with wrong credentials", () => {
  it.each(WRONG)(
    "ends at once, with %s, and says in one line which setting is wrong",
    async (_, wrong, words) => {
      const { exit, stderr } = await runToEnd({ args: ["scorer"], env: settings(wrong()) }, ENDS_WITHIN_MS);
      expect(exit.code).toBe(1);
      expect(stderr.at(-1)).toMatch(words);
      expect(stderr.at(-1)).toContain("(unauthenticated)");
      expect(stderr.filter((line) => line.includes("is tried again"))).toEqual([]);
    },
    2 * ENDS_WITHIN_MS,
  );

  it("is told the same by the doctor", async () => {
    const env = settings({ SASL_PASSWORD: "guessed" });
    const { exit, stdout } = await runToEnd({ args: ["doctor"], env }, ENDS_WITHIN_MS);
    expect(exit.code).toBe(1);
    expect(stdout.join("\n")).toMatch(/^FAIL {2}brokers .*\n +→ .*log\.sasl_user/m);
  }, 60_000);
});
