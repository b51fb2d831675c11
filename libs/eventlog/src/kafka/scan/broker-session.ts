import { LogError } from "../../port.js";
import { MECHANISM_ADVICE, PASSWORD_ADVICE } from "../refusals.js";
import { BODY_AT, type BrokerAddress, BrokerConnection, type ConnectionSettings } from "./broker-connection.js";
import { FETCH_KEY, FETCH_VERSION } from "./fetch-protocol.js";
import { authenticate, type Credentials } from "./sasl.js";
import { RequestBytes, ResponseBytes } from "./wire-bytes.js";

const API_VERSIONS_KEY = 18;
const SASL_HANDSHAKE_KEY = 17;
const SASL_AUTHENTICATE_KEY = 36;
const NOTHING = Buffer.alloc(0);
const SIGNING_IN = "signing in";

/** A connection to a broker that speaks our Fetch and knows who we are, until the signal. Rejects with a LogError. */
export async function openSession(
  address: BrokerAddress,
  settings: ConnectionSettings,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const connection = await BrokerConnection.open(address, settings, signal);
  try {
    await checkVersions(connection);
    if (credentials !== undefined) await signIn(connection, credentials);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The versions of a kind of request that a broker speaks. */
export interface SpokenVersions {
  readonly key: number;
  readonly min: number;
  readonly max: number;
}

/** What the broker speaks. Rejects with a LogError unless it is a Kafka broker that answers. */
export async function spokenVersions(connection: BrokerConnection): Promise<readonly SpokenVersions[]> {
  const doing = "asking what it speaks";
  const answer = bodyOf(await connection.request({ doing, key: API_VERSIONS_KEY, version: 0, body: NOTHING }));
  const errorCode = answer.int16();
  if (errorCode !== 0)
    throw new LogError("log_unavailable", `broker ${connection.name}: ${doing}: error ${errorCode}`, "retry");
  return answer.list(() => ({ key: answer.int16(), min: answer.int16(), max: answer.int16() }));
}

/** Rejects with a LogError unless a Kafka broker answers that speaks our Fetch. */
export async function checkVersions(connection: BrokerConnection): Promise<void> {
  const fetch = (await spokenVersions(connection)).find(({ key }) => key === FETCH_KEY);
  if (fetch !== undefined && fetch.min <= FETCH_VERSION && fetch.max >= FETCH_VERSION) return;
  const speaks = fetch === undefined ? "none" : `versions ${fetch.min} to ${fetch.max}`;
  throw new LogError(
    "log_unavailable",
    `broker ${connection.name} does not speak version ${FETCH_VERSION} of Fetch, as Kafka 2.1 to 4 do, but ${speaks}`,
    "terminal",
  );
}

async function signIn(connection: BrokerConnection, credentials: Credentials): Promise<void> {
  const mechanism = credentials.mechanism.toUpperCase();
  const { errorCode, known } = await shakeHands(connection, mechanism);
  if (errorCode !== 0) {
    const why = `it does not take ${mechanism}, but ${known.join(", ")} (error ${errorCode})`;
    throw refused(connection, `${why}; ${MECHANISM_ADVICE}`);
  }
  const exchange = async (message: Buffer): Promise<Buffer> => {
    const body = new RequestBytes().bytes(message).done();
    const said = bodyOf(await connection.request({ doing: SIGNING_IN, key: SASL_AUTHENTICATE_KEY, version: 0, body }));
    const refusal = said.int16();
    const words = said.string();
    if (refusal !== 0) throw refused(connection, `${words} (error ${refusal}); ${PASSWORD_ADVICE}`);
    return said.byteRange();
  };
  await authenticate(credentials, exchange).catch((error: unknown) => {
    const at = `broker ${connection.name}`;
    if (!(error instanceof LogError) || error.message.startsWith(at)) throw error;
    throw new LogError(error.code, `${at}: ${error.message}`, error.hint, { cause: error });
  });
}

/** What a listener says to a mechanism by which somebody would sign in; `known` are those that it takes, if any. */
export async function shakeHands(
  connection: BrokerConnection,
  mechanism: string,
): Promise<{ readonly errorCode: number; readonly known: readonly string[] }> {
  const body = new RequestBytes().string(mechanism).done();
  const request = { doing: SIGNING_IN, key: SASL_HANDSHAKE_KEY, version: 1, body };
  const answer = bodyOf(await connection.request(request));
  return { errorCode: answer.int16(), known: answer.list(() => answer.string()) };
}

function refused(connection: BrokerConnection, why: string): LogError {
  return new LogError("unauthenticated", `broker ${connection.name} refuses us: ${why}`, "terminal");
}

function bodyOf(response: Buffer): ResponseBytes {
  const body = new ResponseBytes(response);
  body.at = BODY_AT;
  return body;
}
