import { LogError } from "../port.js";
import { messageOf } from "../thrown.js";
import { TOKEN_ADVICE } from "./refusals.js";

/** Where tokens come from, and who asks for them. */
export interface TokenSourceOptions {
  /** The authorization server's token endpoint. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the token is to be good for; absent: what the server gives by itself. */
  readonly scope?: string | undefined;
  readonly nowMs: () => number;
}

/** How long the server may take, ms. */
const TOKEN_TIMEOUT_MS = 10_000;
/** Kept for so much of its life: a token that ends on its way to a broker is refused there. */
const KEPT_SHARE = 0.8;
/** Life of a token whose server does not say, s (RFC 6749 §5.1 leaves it open). */
const LIFE_UNKNOWN_S = 60;
/** Far more than any token. */
const ANSWER_CHARS_MAX = 65_536;

/**
 * Gives bearer tokens by the client credentials grant (RFC 6749 §4.4), as Kafka's SASL/OAUTHBEARER wants them, and asks for another one before
 * the last ends. Calls at once share one question. Rejects with a LogError: `log_unavailable`, or `unauthenticated` when the server refuses who asks, or gives no token.
 */
export function tokenSource(options: TokenSourceOptions): () => Promise<string> {
  let token: { readonly value: string; readonly keepUntilMs: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const askedMs = options.nowMs();
    const { value, lifeSeconds } = await askForToken(options);
    token = { value, keepUntilMs: askedMs + lifeSeconds * 1_000 * KEPT_SHARE };
    return value;
  };
  return () => {
    if (token !== undefined && options.nowMs() < token.keepUntilMs) return Promise.resolve(token.value);
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  };
}

async function askForToken({ tokenUrl, clientId, clientSecret, scope }: TokenSourceOptions) {
  const form = new URLSearchParams({ grant_type: "client_credentials", ...(scope === undefined ? {} : { scope }) });
  // RFC 6749 §2.3.1: both are form-encoded before they become a basic credential.
  const [user, password] = [encodeURIComponent(clientId), encodeURIComponent(clientSecret)];
  let status: number;
  let text: string;
  try {
    const answer = await fetch(tokenUrl, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` },
      body: form,
      redirect: "error",
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    throw failed(tokenUrl, messageOf(error), "retry");
  }
  if (status !== 200)
    throw failed(tokenUrl, `it answered ${status}`, status >= 400 && status < 500 ? "terminal" : "retry");
  return tokenIn(tokenUrl, text);
}

function tokenIn(tokenUrl: string, text: string): { readonly value: string; readonly lifeSeconds: number } {
  const answer = text.length > ANSWER_CHARS_MAX ? undefined : parsed(text);
  const { access_token: value, expires_in: life } = answer ?? {};
  // What a broker is sent it in is framed by ^A.
  if (typeof value !== "string" || !/^[\x20-\x7e]+$/.test(value))
    throw failed(tokenUrl, "its answer has no access_token that is a text", "terminal");
  const seconds = Number(life);
  return { value, lifeSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : LIFE_UNKNOWN_S };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function failed(tokenUrl: string, why: string, hint: "retry" | "terminal"): LogError {
  const message = `no token from ${tokenUrl}: ${why}`;
  if (hint === "retry") return new LogError("log_unavailable", message, hint);
  return new LogError("unauthenticated", `${message}; ${TOKEN_ADVICE}`, hint);
}
