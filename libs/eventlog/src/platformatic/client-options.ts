import type { BaseOptions, Connection, SASLMechanismValue, SASLOptions, saslAuthenticateV2 } from "@platformatic/kafka";
import { isIP } from "node:net";
import { CLIENT_ID, CONNECTION_TIMEOUT_MS, type KafkaClientOptions, REQUEST_TIMEOUT_MS } from "../kafka/client.js";
import { authenticate, type Credentials, credentialsOf } from "../kafka/scan/sasl.js";

/** How to reach the brokers; connections cannot be made by the caller here. */
export type PlatformaticClientOptions = Omit<KafkaClientOptions, "socketFactory">;

export const RETRIES = 5;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 2_000;

/** Waits of 0.1, 0.2, 0.4, 0.8 and 1.6 s, as with kafkajs. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** (attempt - 1), RETRY_MAX_MS);
}

/** The client library's options. Throws a LogError for a SASL mechanism that is not spoken here. */
export function clientOptions(options: PlatformaticClientOptions): BaseOptions {
  const { brokers, clientId = CLIENT_ID, ssl, sasl, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const credentials = credentialsOf(sasl);
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    retries: RETRIES,
    retryDelay: (_client, _operation, attempt) => retryDelayMs(attempt),
    // Addresses are no names that a broker could be asked for.
    ...(ssl === undefined || ssl === false ? {} : { tls: ssl === true ? {} : ssl, tlsServerName: areNames(brokers) }),
    ...(credentials === undefined ? {} : { sasl: saslOptions(credentials) }),
  };
}

function areNames(brokers: readonly string[]): boolean {
  return brokers.every((broker) => isIP(broker.slice(0, broker.lastIndexOf(":"))) === 0);
}

/** Has the client library speak SASL as scans do, and as kafkajs does here. */
function saslOptions(credentials: Credentials): SASLOptions {
  return {
    mechanism: credentials.mechanism.toUpperCase() as SASLMechanismValue,
    authenticate: (_mechanism, connection, saslAuthenticate, _username, _password, _token, callback) => {
      speak(credentials, connection, saslAuthenticate).then(
        (answer) => {
          callback(null, answer);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)));
        },
      );
    },
  };
}

/** The broker's last answer, which says how long the session lasts. */
async function speak(
  credentials: Credentials,
  connection: Connection,
  saslAuthenticate: typeof saslAuthenticateV2.api,
) {
  let last: saslAuthenticateV2.SaslAuthenticateResponse | undefined;
  await authenticate(credentials, async (message) => {
    last = await saslAuthenticate.async(connection, message);
    return last.authBytes;
  });
  if (last === undefined) throw new Error(`${credentials.mechanism} ended before its first message`);
  return last;
}
