import { createSecureContext } from "node:tls";
import { LogError } from "../port.js";
import { messageOf } from "../thrown.js";
import type { KafkaClientOptions } from "./client.js";
import { sayKafkaFailure } from "./kafka-failure.js";
import { listenerMismatch } from "./scan/listener-probe.js";

/**
 * Why a cluster cannot be opened. Where it fails as brokers do that are away, but what we have for TLS is of no use, or they are there and speak
 * otherwise than they are spoken to, that is said, and trying again is left: `unauthenticated`. While some of them are silent it may help to try
 * again all the same: then it is only said besides.
 */
export async function sayOpeningFailure(doing: string, error: unknown, options: KafkaClientOptions): Promise<LogError> {
  const said = sayKafkaFailure(doing, error);
  if (said.code !== "log_unavailable" || said.hint !== "retry") return said;
  const useless = uselessTls(options);
  const mismatch = useless === undefined ? await listenerMismatch(options) : { why: useless, areSomeSilent: false };
  if (mismatch === undefined) return said;
  const { why, areSomeSilent } = mismatch;
  return areSomeSilent
    ? new LogError(said.code, `${said.message}; besides, ${why}`, said.hint, { cause: error })
    : new LogError("unauthenticated", `${doing}: ${why}`, "terminal", { cause: said });
}

/** To the client library this is a broker that it cannot connect to. */
function uselessTls({ ssl }: KafkaClientOptions): string | undefined {
  if (ssl === undefined || typeof ssl === "boolean") return undefined;
  try {
    createSecureContext(ssl);
    return undefined;
  } catch (error) {
    const expected = "log.tls_certificate_file and log.tls_key_file: expected a certificate and its own key, in PEM";
    return `${expected}, got what TLS cannot use (${messageOf(error)})`;
  }
}
