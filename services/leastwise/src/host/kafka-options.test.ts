import { afterAll, describe, expect, it } from "@jest/globals";
import { loadConfig, sayProblems } from "@leastwise/config";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kafkaOptions } from "./kafka-options.js";

const directory = mkdtempSync(join(tmpdir(), "leastwise-tls-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** The log's configuration, from what the environment says. */
async function logOf(settings: Readonly<Record<string, string>>) {
  const all = { ADAPTER: "kafka", BROKERS: "kafka:9092", ...settings };
  const env = Object.fromEntries(Object.entries(all).map(([key, value]) => [`LEASTWISE_LOG__${key}`, value]));
  const loaded = await loadConfig({ env, overrides: {} });
  if (!loaded.ok) throw new Error(sayProblems(loaded.error));
  return loaded.value.log;
}

describe("how the brokers are reached", () => {
  it("is in the clear and without a name unless told otherwise", async () => {
    expect(await kafkaOptions(await logOf({}), "me")).toEqual({ brokers: ["kafka:9092"], clientId: "me" });
  });

  it("is over TLS, with the files that are named", async () => {
    const file = (name: string): string => {
      const path = join(directory, name);
      writeFileSync(path, `${name} in PEM`);
      return path;
    };
    const files = { TLS_CA_FILE: file("ca"), TLS_CERTIFICATE_FILE: file("cert"), TLS_KEY_FILE: file("key") };
    const { ssl } = await kafkaOptions(await logOf({ TLS: "true", ...files }));
    expect(ssl).toEqual({ ca: "ca in PEM", cert: "cert in PEM", key: "key in PEM" });
    expect((await kafkaOptions(await logOf({ TLS: "true" }))).ssl).toEqual({});
  });

  it("fails with the key and the file when it cannot be read", async () => {
    const options = kafkaOptions(await logOf({ TLS: "true", TLS_CA_FILE: join(directory, "none") }));
    const message = expect.stringMatching(/log\.tls_ca_file: expected a file that can be read, got .*none/);
    await expect(options).rejects.toMatchObject({ code: "log_unavailable", hint: "terminal", message });
  });

  it.each(["plain", "scram-sha-256", "scram-sha-512"])("says user and password by %s", async (mechanism) => {
    const log = await logOf({ SASL_MECHANISM: mechanism, SASL_USER: "me", SASL_PASSWORD: "secret" });
    expect((await kafkaOptions(log)).sasl).toEqual({ mechanism, username: "me", password: "secret" });
  });

  it("says a token that the authorization server gave by oauthbearer", async () => {
    const server = createServer((_, response) => response.end('{"access_token":"abc","expires_in":60}'));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token`;
    const who = { SASL_MECHANISM: "oauthbearer", SASL_USER: "me", SASL_PASSWORD: "secret", SASL_TOKEN_URL: url };
    const { sasl } = await kafkaOptions(await logOf(who));
    const provider = sasl !== undefined && "oauthBearerProvider" in sasl ? sasl.oauthBearerProvider : undefined;
    expect(await provider?.()).toEqual({ value: "abc" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
