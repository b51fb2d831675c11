import type { KafkaConfig } from "kafkajs";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { LogError } from "../../port.js";
import { PASSWORD_ADVICE, TOKEN_ADVICE } from "../refusals.js";

const PASSWORD_MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/** Who a connection says that it is. */
export type Credentials =
  | {
      readonly mechanism: (typeof PASSWORD_MECHANISMS)[number];
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: "oauthbearer"; readonly token: () => Promise<string> };

/** Sends one message of the mechanism, and gives the broker's answer. */
export type Exchange = (message: Buffer) => Promise<Buffer>;

/** The client library's options, as far as a scan can use them. Throws a LogError for mechanisms that it does not speak. */
export function credentialsOf(sasl: KafkaConfig["sasl"]): Credentials | undefined {
  if (sasl === undefined) return undefined;
  const mechanism = PASSWORD_MECHANISMS.find((known) => known === sasl.mechanism.toLowerCase());
  if (mechanism !== undefined && "password" in sasl)
    return { mechanism, username: sasl.username, password: sasl.password };
  if ("oauthBearerProvider" in sasl)
    return { mechanism: "oauthbearer", token: async () => (await sasl.oauthBearerProvider()).value };
  const spoken = [...PASSWORD_MECHANISMS, "oauthbearer"].join(", ");
  const message = `a scan speaks the SASL mechanisms ${spoken}, but ${sasl.mechanism} is configured`;
  throw new LogError("unauthenticated", message, "terminal");
}

/** Says who we are. Rejects with a LogError when the broker, or what claims to be it, does not play by the rules. */
export async function authenticate(credentials: Credentials, exchange: Exchange): Promise<void> {
  switch (credentials.mechanism) {
    case "plain":
      await exchange(Buffer.from(`\0${credentials.username}\0${credentials.password}`));
      return;
    case "oauthbearer":
      return bearer(await credentials.token(), exchange);
    case "scram-sha-256":
      return scram(credentials, "sha256", exchange);
    case "scram-sha-512":
      return scram(credentials, "sha512", exchange);
  }
}

/** RFC 7628 §3.1. A broker that refuses the token says why in its first answer, and fails the exchange after the next message. */
async function bearer(token: string, exchange: Exchange): Promise<void> {
  const problem = (await exchange(Buffer.from(`${GS2_HEADER}\u0001auth=Bearer ${token}\u0001\u0001`))).toString();
  if (problem === "") return;
  await exchange(Buffer.from("\u0001")).catch(() => undefined);
  throw refused(`the token is not taken: ${problem.slice(0, PROBLEM_CHARS_MAX)}; ${TOKEN_ADVICE}`);
}

/** A broker's word on a token is a short JSON object. */
const PROBLEM_CHARS_MAX = 200;
const GS2_HEADER = "n,,";
const ITERATIONS_MIN = 4_096;
const ITERATIONS_MAX = 1_000_000;
const derive = promisify(pbkdf2);

/** RFC 5802 without channel binding. `nonce` is for tests that have vectors. */
export async function scram(
  { username, password }: { readonly username: string; readonly password: string },
  digest: "sha256" | "sha512" | "sha1",
  exchange: Exchange,
  nonce = randomBytes(18).toString("base64"),
): Promise<void> {
  const hmac = (key: Buffer, text: string): Buffer => createHmac(digest, key).update(text).digest();
  const hash = (bytes: Buffer): Buffer => createHash(digest).update(bytes).digest();
  const first = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  const serverFirst = (await exchange(Buffer.from(GS2_HEADER + first))).toString();
  const { r: bothNonces = "", s: salt = "", i = "" } = attributes(serverFirst);
  const iterations = Number(i);
  if (!bothNonces.startsWith(nonce)) throw refused("the broker answered another exchange: its nonce is not ours");
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX))
    throw refused(`the broker asks for ${i} iterations, expected ${ITERATIONS_MIN} to ${ITERATIONS_MAX}`);
  const salted = await derive(password, Buffer.from(salt, "base64"), iterations, hash(Buffer.alloc(0)).length, digest);
  const final = `c=${Buffer.from(GS2_HEADER).toString("base64")},r=${bothNonces}`;
  const all = `${first},${serverFirst},${final}`;
  const clientKey = hmac(salted, "Client Key");
  const proof = xor(clientKey, hmac(hash(clientKey), all)).toString("base64");
  const { e: error, v = "" } = attributes((await exchange(Buffer.from(`${final},p=${proof}`))).toString());
  if (error !== undefined) throw refused(`${error}; ${PASSWORD_ADVICE}`);
  const signature = hmac(hmac(salted, "Server Key"), all);
  const claimed = Buffer.from(v, "base64");
  if (claimed.length !== signature.length || !timingSafeEqual(claimed, signature))
    throw refused("the broker does not know the password: its signature is not right");
}

/** `a=x,b=y` by its names. */
function attributes(text: string): Partial<Record<string, string>> {
  return Object.fromEntries(text.split(",").map((one) => [one.slice(0, 1), one.slice(2)]));
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}

function refused(why: string): LogError {
  return new LogError("unauthenticated", `SASL authentication failed: ${why}`, "terminal");
}
