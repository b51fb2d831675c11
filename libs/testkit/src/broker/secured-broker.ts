import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, CertificateAuthority } from "./certificates.js";
import { freePorts } from "./free-ports.js";
import { kafkaJars, missingForMaven } from "./kafka-jars.js";
import {
  FOR_SECONDS,
  aloneSettings,
  formatServer,
  newClusterId,
  newServerFolder,
  onFreePorts,
  runServer,
  type ServerPlan,
  type ServerSettings,
  whenItAnswers,
} from "./kafka-server.js";

const SECURITY = "org.apache.kafka.common.security";
const CLIENT = "client";

/** Who may do what. */
export interface SecuredBrokerOptions {
  /** Passwords by user name, for PLAIN and both SCRAM mechanisms. Letters, digits and dashes. */
  readonly users: Readonly<Record<string, string>>;
  /**
   * Present: what no ACL allows is refused (Kafka's StandardAuthorizer), but to these users. Whoever comes by the plaintext
   * listener is one of them. Absent: everybody who is let in may do everything.
   */
  readonly superUsers?: readonly string[];
}

/** One real broker behind listeners that ask who comes. */
export interface SecuredBroker {
  /** `host:port` where nothing is asked and nothing is encrypted: for the test's own hands. */
  readonly plaintext: string;
  /** `host:port` of SASL over TLS: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. */
  readonly sasl: string;
  /** `host:port` of TLS that wants a certificate of the client. */
  readonly mutualTls: string;
  /** Certificate of the authority that has signed the broker's, PEM. */
  readonly ca: string;
  /** What the broker lets in at `mutualTls`, as the principal `User:client`. */
  readonly client: Certificate;
  /** An authority that the broker does not know, PEM, and a certificate of it. */
  readonly stranger: Certificate & { readonly ca: string };
  /** Ends it, and removes what it stored. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Apache Kafka from Maven Central, as {@link SecuredBroker}. Nothing of it stays after this process, however that ends. Rejects
 * with an error in words where Java, Maven or openssl is missing.
 */
export async function startSecuredBroker(
  options: SecuredBrokerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<SecuredBroker> {
  const missing = await missingForMaven(environment);
  if (missing !== undefined)
    throw new Error(
      `A broker with secured listeners needs Java 17 or later, Maven and openssl (${missing}): ` +
        "one that KAFKA_BROKERS names, or in Docker, has other listeners.",
    );
  const jars = await kafkaJars();
  return onFreePorts(() => startServer(jars, options));
}

/**
 * A token that this broker's OAUTHBEARER takes, for tests only: nobody has signed it. It is the user `subject` for so many
 * seconds from now; with a negative number, it has ended.
 */
export function unsignedToken(subject: string, lifeSeconds = 3_600): string {
  const nowSeconds = Date.now() / 1_000;
  const [iat, exp] = [Math.min(nowSeconds, nowSeconds + lifeSeconds), nowSeconds + lifeSeconds];
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: subject, iat, exp })}.`;
}

async function startServer(jars: string, options: SecuredBrokerOptions): Promise<SecuredBroker> {
  const folder = newServerFolder();
  try {
    const ports = await freePorts(4);
    const [plaintext, sasl, mutualTls, controller] = ports.map((port) => `127.0.0.1:${port}`) as [
      string,
      string,
      string,
      string,
    ];
    const [ca, strangerCa] = await Promise.all([
      CertificateAuthority.make(join(folder, "ca"), "leastwise test authority"),
      CertificateAuthority.make(join(folder, "stranger"), "another authority"),
    ]);
    const [own, client, stranger] = await Promise.all([ca.sign("broker"), ca.sign(CLIENT), strangerCa.sign(CLIENT)]);
    const listeners = `PLAINTEXT://${plaintext},SASL://${sasl},MTLS://${mutualTls},CONTROLLER://${controller}`;
    const settings = {
      ...aloneSettings(ports[3] ?? 0),
      listeners,
      ...encryption(folder, own, ca.cert),
      ...mechanisms(options.users),
      ...authorization(options.superUsers),
    };
    const plan: ServerPlan = {
      jars,
      folder,
      settings,
      address: plaintext,
      clusterId: newClusterId(),
      javaOptions: ["-Xmx384m", ...FOR_SECONDS],
      formatArguments: scramUsers(options.users),
    };
    await formatServer(plan);
    const server = runServer(plan);
    await whenItAnswers(server, plan, 1);
    const known = { ca: ca.cert, client, stranger: { ...stranger, ca: strangerCa.cert } };
    return { plaintext, sasl, mutualTls, ...known, stop: () => server.stop() };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function encryption(folder: string, own: Certificate, ca: string): ServerSettings {
  const [keystore, truststore] = [join(folder, "keystore.pem"), join(folder, "truststore.pem")];
  writeFileSync(keystore, own.key + own.cert + ca, { mode: 0o600 });
  writeFileSync(truststore, ca);
  return {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL",
    "inter.broker.listener.name": "PLAINTEXT",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keystore,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": truststore,
    "listener.name.mtls.ssl.client.auth": "required",
    "ssl.principal.mapping.rules": "RULE:^CN=([^,]+)$/$1/",
  };
}

function mechanisms(users: SecuredBrokerOptions["users"]): ServerSettings {
  const plainUsers = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  const of = (mechanism: string): string => `listener.name.sasl.${mechanism}.sasl`;
  const scram = `${SECURITY}.scram.ScramLoginModule required;`;
  const unsecured = `${SECURITY}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`;
  return {
    "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    [`${of("plain")}.jaas.config`]: `${SECURITY}.plain.PlainLoginModule required${plainUsers.join("")};`,
    [`${of("scram-sha-256")}.jaas.config`]: scram,
    [`${of("scram-sha-512")}.jaas.config`]: scram,
    [`${of("oauthbearer")}.jaas.config`]: `${SECURITY}.oauthbearer.OAuthBearerLoginModule required;`,
    [`${of("oauthbearer")}.server.callback.handler.class`]: unsecured,
  };
}

function scramUsers(users: SecuredBrokerOptions["users"]): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
      "--add-scram",
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
}

function authorization(superUsers: readonly string[] | undefined): ServerSettings {
  if (superUsers === undefined) return {};
  return {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": ["ANONYMOUS", ...superUsers].map((name) => `User:${name}`).join(";"),
  };
}
