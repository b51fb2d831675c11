import type { Config } from "@leastwise/config";
import { LogError, tokenSource, type KafkaClientOptions, type KafkaLogOptions } from "@leastwise/eventlog";
import { readFile } from "node:fs/promises";

/** How to reach the brokers, and how to say who this is. Reads the files that the configuration names; rejects with a LogError where it cannot. */
export async function kafkaOptions(
  log: Config["log"],
  clientId = log.client_id,
): Promise<KafkaClientOptions & Pick<KafkaLogOptions, "clusterId">> {
  const { brokers, cluster_id: clusterId } = log;
  return {
    brokers,
    clientId,
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(await tlsOf(log)),
    ...saslOf(log),
  };
}

async function tlsOf(log: Config["log"]): Promise<Pick<KafkaClientOptions, "ssl">> {
  if (!log.tls) return {};
  const [ca, cert, key] = await Promise.all([
    textOf("log.tls_ca_file", log.tls_ca_file),
    textOf("log.tls_certificate_file", log.tls_certificate_file),
    textOf("log.tls_key_file", log.tls_key_file),
  ]);
  return {
    ssl: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

async function textOf(path: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `${path}: expected a file that can be read, got ${file}: ${why}`;
    throw new LogError("log_unavailable", message, "terminal", { cause: error });
  }
}

function saslOf(log: Config["log"]): Pick<KafkaClientOptions, "sasl"> {
  const { sasl_mechanism: mechanism, sasl_user: username = "", sasl_password: password = "" } = log;
  if (mechanism === "none") return {};
  if (mechanism !== "oauthbearer")
    return { sasl: { mechanism, username, password } as NonNullable<KafkaClientOptions["sasl"]> };
  const { sasl_token_url: tokenUrl = "", sasl_scope: scope } = log;
  const nowMs = () => performance.now();
  const token = tokenSource({ tokenUrl, clientId: username, clientSecret: password, scope, nowMs });
  return { sasl: { mechanism, oauthBearerProvider: async () => ({ value: await token() }) } };
}
