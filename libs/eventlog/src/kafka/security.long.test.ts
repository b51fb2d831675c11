import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type SecuredBroker, startSecuredBroker, unsignedToken } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import type { EventLog, NewRecord, RunningSubscription } from "../port.js";
import type { KafkaClientOptions } from "./client.js";
import { openPlatformaticLog, type PlatformaticLogOptions } from "../platformatic/platformatic-log.js";
import { openKafkaLog } from "./kafka-log.js";

const STARTS_WITHIN_MS = 600_000;
/** Waits and tries of a client that is let in, or is not, end long before. */
const TEST_WITHIN_MS = 60_000;
const ALICE = { username: "alice", password: "alice-secret" };

let broker: SecuredBroker;

beforeAll(async () => {
  broker = await startSecuredBroker({ users: { [ALICE.username]: ALICE.password } });
  // A log that is there: what is refused below is refused for another reason.
  await (await openKafkaLog({ brokers: [broker.plaintext] })).close();
}, STARTS_WITHIN_MS);

afterAll(async () => {
  await broker.stop();
}, 60_000);

type Door = () => KafkaClientOptions;

function byPassword(mechanism: "plain" | "scram-sha-256" | "scram-sha-512", who = ALICE): Door {
  // The client library's type is one of three.
  const sasl = { mechanism, ...who } as NonNullable<KafkaClientOptions["sasl"]>;
  return () => ({ brokers: [broker.sasl], ssl: { ca: broker.ca }, sasl });
}

function byToken(token: () => string): Door {
  const sasl = { mechanism: "oauthbearer", oauthBearerProvider: () => Promise.resolve({ value: token() }) } as const;
  return () => ({ brokers: [broker.sasl], ssl: { ca: broker.ca }, sasl });
}

/** One that the client's library leaves to whoever configures it. */
const UNKNOWN_MECHANISM: NonNullable<KafkaClientOptions["sasl"]> = {
  mechanism: "gssapi",
  authenticationProvider: () => ({ authenticate: () => Promise.resolve() }),
};

const byCertificate: Door = () => ({ brokers: [broker.mutualTls], ssl: { ca: broker.ca, ...broker.client } });

const DOORS: readonly (readonly [string, Door])[] = [
  ["PLAIN", byPassword("plain")],
  ["SCRAM-SHA-256", byPassword("scram-sha-256")],
  ["SCRAM-SHA-512", byPassword("scram-sha-512")],
  ["OAUTHBEARER", byToken(() => unsignedToken("alice"))],
  ["a certificate of the client", byCertificate],
];

/** Who is refused, why in the broker's or TLS's own words, and which settings are named. */
const REFUSALS: readonly (readonly [string, Door, RegExp, readonly string[]])[] = [
  [
    "PLAIN with a wrong password",
    byPassword("plain", { ...ALICE, password: "x" }),
    /invalid username or password/i,
    ["log.sasl_user", "log.sasl_password"],
  ],
  [
    "SCRAM-SHA-256 with a wrong password",
    byPassword("scram-sha-256", { ...ALICE, password: "x" }),
    /invalid credentials/i,
    ["log.sasl_user", "log.sasl_password"],
  ],
  [
    "SCRAM-SHA-512 of somebody whom it does not know",
    byPassword("scram-sha-512", { ...ALICE, username: "mallory" }),
    /invalid credentials/i,
    ["log.sasl_user", "log.sasl_password"],
  ],
  [
    "OAUTHBEARER with a token that has ended",
    byToken(() => unsignedToken("alice", -3_600)),
    /invalid_token/,
    ["log.sasl_token_url"],
  ],
  ["OAUTHBEARER with what is no token", byToken(() => "not.a.token"), /invalid_token/, ["log.sasl_token_url"]],
  [
    "a mechanism that the listener does not take",
    () => ({ brokers: [broker.sasl], ssl: { ca: broker.ca }, sasl: UNKNOWN_MECHANISM }),
    /does not support the requested SASL mechanism/,
    ["log.sasl_mechanism"],
  ],
  [
    "nobody, where it asks who comes",
    () => ({ brokers: [broker.sasl], ssl: { ca: broker.ca } }),
    /asks who comes: .*SCRAM-SHA-512/,
    ["log.sasl_mechanism", "log.sasl_user", "log.sasl_password"],
  ],
  [
    "a password, where nobody is asked",
    () => ({ brokers: [broker.plaintext], sasl: { mechanism: "plain", ...ALICE } }),
    /SASL state/,
    ["log.sasl_mechanism", "log.brokers"],
  ],
  [
    "a CA that has not signed the broker's certificate",
    () => ({ ...byPassword("plain")(), ssl: { ca: broker.stranger.ca } }),
    /self[- ]signed certificate|unable to verify|signature failure/,
    ["log.tls_ca_file"],
  ],
  [
    "a name that the broker's certificate is not for",
    () => ({ ...byPassword("plain")(), ssl: { ca: broker.ca, servername: "other.example" } }),
    /does not match certificate's altnames/,
    ["log.brokers"],
  ],
  [
    "no certificate of the client",
    () => ({ brokers: [broker.mutualTls], ssl: { ca: broker.ca } }),
    /certificate required|bad certificate/,
    ["log.tls_certificate_file", "log.tls_key_file"],
  ],
  [
    "a certificate of another CA",
    () => ({ brokers: [broker.mutualTls], ssl: { ...broker.stranger, ca: broker.ca } }),
    /certificate unknown|unknown ca|bad certificate/,
    ["log.tls_certificate_file", "log.tls_key_file"],
  ],
  [
    "a certificate whose key is another's",
    () => ({ brokers: [broker.mutualTls], ssl: { ca: broker.ca, cert: broker.client.cert, key: broker.stranger.key } }),
    /key values mismatch/,
    ["log.tls_certificate_file", "log.tls_key_file"],
  ],
  [
    "TLS, where it is not spoken",
    () => ({ brokers: [broker.plaintext], ssl: { ca: broker.ca } }),
    /does not speak TLS/,
    ["log.tls", "log.brokers"],
  ],
  [
    "plain text, where TLS is spoken",
    () => ({ brokers: [broker.mutualTls] }),
    /speaks TLS/,
    ["log.tls", "log.tls_ca_file"],
  ],
];

function record(topic: string, value: string): NewRecord {
  return { topic, partition: 0, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis };
}

/** The first value that reading hands over. Whatever ends reading before rejects. */
async function firstOf(read: (take: (value: string) => void) => Promise<RunningSubscription>): Promise<string> {
  let take: (value: string) => void = () => undefined;
  const taken = new Promise<string>((resolve) => (take = resolve));
  const running = await read((value) => {
    take(value);
  });
  const ended = running.finished.then(() => Promise.reject(new Error("reading ended before its first record")));
  try {
    return await Promise.race([taken, ended]);
  } finally {
    ended.catch(() => undefined);
    await running.stop();
  }
}

function subscribed(log: EventLog, topic: string): Promise<string> {
  return firstOf((take) =>
    log.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: ({ records: [first] }) => {
        if (first !== undefined) take(Buffer.from(first.value).toString());
        return Promise.resolve();
      },
    }),
  );
}

function scanned(log: EventLog, topic: string): Promise<string> {
  return firstOf((take) =>
    log.scan({
      topic,
      from: () => Promise.resolve(0),
      onSpans: ({ count, bytes, valueFrom, valueTo }) => {
        if (count > 0) take(bytes.toString("utf8", valueFrom[0], valueTo[0]));
      },
      onPoisoned: () => Promise.reject(new Error("a record is damaged")),
    }),
  );
}

const CLIENTS: readonly (readonly [string, (options: PlatformaticLogOptions) => Promise<EventLog>])[] = [
  ["kafkajs", openKafkaLog],
  ["platformatic", openPlatformaticLog],
];

describe("a log in a cluster that asks who comes", () => {
  it.each(DOORS.flatMap(([name, door]) => CLIENTS.map(([client, open]) => [name, client, door, open] as const)))(
    "is written, subscribed to and scanned by %s, with %s",
    async (_name, _client, door, open) => {
      const log = await open(door());
      try {
        const topic = `security.${randomUUID()}`;
        await log.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
        await log.append([record(topic, "let in")]);
        expect(await subscribed(log, topic)).toBe("let in");
        expect(await scanned(log, topic)).toBe("let in");
      } finally {
        await log.close();
      }
    },
    TEST_WITHIN_MS,
  );

  it(
    "says why a subscription with platformatic is refused whose token has ended since the log was opened",
    async () => {
      let token = unsignedToken("alice");
      const log = await openPlatformaticLog(byToken(() => token)());
      try {
        const topic = `security.${randomUUID()}`;
        await log.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
        token = unsignedToken("alice", -3_600);
        const failure: unknown = await subscribed(log, topic).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: "unauthenticated", hint: "terminal" });
        expect(failure).toMatchObject({ message: expect.stringContaining("invalid_token") });
      } finally {
        await log.close();
      }
    },
    TEST_WITHIN_MS,
  );

  it(
    "says where and why a scan is refused whose token has ended since the log was opened",
    async () => {
      let token = unsignedToken("alice");
      const log = await openKafkaLog(byToken(() => token)());
      try {
        const topic = `security.${randomUUID()}`;
        await log.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
        token = unsignedToken("alice", -3_600);
        const failure: unknown = await scanned(log, topic).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("invalid_token") });
        expect(failure).toMatchObject({ message: expect.stringContaining(broker.sasl) });
      } finally {
        await log.close();
      }
    },
    TEST_WITHIN_MS,
  );

  it(
    "is waited for, where nobody answers",
    async () => {
      const failure: unknown = await openKafkaLog({ brokers: ["127.0.0.1:1"], ssl: true }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: "log_unavailable", hint: "retry" });
    },
    TEST_WITHIN_MS,
  );

  it.each(REFUSALS)(
    "says where it is refused, and why, to %s",
    async (_, door, why, settings) => {
      const options = door();
      const failure: unknown = await openKafkaLog(options).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        // Nothing comes of trying again: a service that starts ends with these words.
        ...{ code: "unauthenticated", hint: "terminal" },
        message: expect.stringContaining(options.brokers.join(", ")),
      });
      expect(failure).toMatchObject({ message: expect.stringMatching(why) });
      for (const setting of settings) expect(failure).toMatchObject({ message: expect.stringContaining(setting) });
    },
    TEST_WITHIN_MS,
  );
});
