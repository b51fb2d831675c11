import type { KafkaClientOptions } from "../client.js";
import { type BrokerAddress, BrokerConnection, type ConnectionSettings } from "./broker-connection.js";
import { checkVersions, shakeHands } from "./broker-session.js";

const ANSWER_WITHIN_MS = 3_000;
const UNSUPPORTED_SASL_MECHANISM = 33;
/** No mechanism has this name: a listener that knows mechanisms at all answers with theirs. */
const NO_MECHANISM = "";

/** What listeners say of how they are spoken to. */
export interface ListenerMismatch {
  /** Which setting does not fit the first of them that none fits, in words. */
  readonly why: string;
  /** Whether some do not answer, and may fit when they do: brokers that restart, beside one that was named wrongly. */
  readonly areSomeSilent: boolean;
}

/**
 * Asks listeners what they speak, which they do not say to somebody who speaks otherwise: they hang up, as one that stops does. Undefined where one
 * fits, or nobody answers. Within ten seconds.
 */
export async function listenerMismatch(options: KafkaClientOptions): Promise<ListenerMismatch | undefined> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS * 3);
  const found = await Promise.all(options.brokers.map((broker) => mismatchAt(broker, options, signal)));
  if (found.includes("fits")) return undefined;
  const why = found.find((one) => one !== "silent");
  return why === undefined ? undefined : { why, areSomeSilent: found.includes("silent") };
}

async function mismatchAt(broker: string, options: KafkaClientOptions, signal: AbortSignal): Promise<string> {
  const address = addressOf(broker);
  const { ssl = false, sasl } = options;
  const settings = { ...options, ssl, requestTimeoutMs: ANSWER_WITHIN_MS };
  const isEncrypted = ssl !== false;
  const other = { ...settings, ssl: isEncrypted ? false : { rejectUnauthorized: false } };
  const [asConfigured, otherwise] = await Promise.all([
    asking(address, settings, signal, sasl === undefined ? mechanismsAt : speaksKafka),
    asking(address, other, signal, isEncrypted ? speaksKafka : isThere),
  ]);
  if (asConfigured !== undefined) return asConfigured === "" ? "fits" : `broker ${broker} ${asConfigured}`;
  if (otherwise === undefined) return "silent";
  return isEncrypted
    ? `broker ${broker} does not speak TLS there: set log.tls to false, or name another port in log.brokers`
    : `broker ${broker} speaks TLS there: set log.tls to true (and log.tls_ca_file), or name another port in log.brokers`;
}

/** What is found out over a connection; undefined where there is none, or it breaks. */
async function asking(
  address: BrokerAddress,
  settings: ConnectionSettings,
  signal: AbortSignal,
  ask: (connection: BrokerConnection) => Promise<string>,
): Promise<string | undefined> {
  try {
    const connection = await BrokerConnection.open(address, settings, signal);
    return await ask(connection).finally(() => {
      connection.close();
    });
  } catch {
    return undefined;
  }
}

function isThere(): Promise<string> {
  return Promise.resolve("");
}

async function speaksKafka(connection: BrokerConnection): Promise<string> {
  await checkVersions(connection);
  return "";
}

/** Empty, unless the listener wants to know who comes. */
async function mechanismsAt(connection: BrokerConnection): Promise<string> {
  await checkVersions(connection);
  const { errorCode, known } = await shakeHands(connection, NO_MECHANISM);
  if (errorCode !== UNSUPPORTED_SASL_MECHANISM) return "";
  return `asks who comes: set log.sasl_mechanism to one that it takes (${known.join(", ")}), log.sasl_user and log.sasl_password`;
}

/** Of `host:port`, where an IPv6 address stands in brackets. */
export function addressOf(broker: string): BrokerAddress {
  const at = broker.lastIndexOf(":");
  return { host: broker.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(broker.slice(at + 1)) };
}
