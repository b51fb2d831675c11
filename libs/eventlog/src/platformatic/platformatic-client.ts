import type { Admin } from "kafkajs";
import type { KafkaLogOptions } from "../kafka/kafka-log.js";
import type { LogClient } from "../kafka/log-client.js";
import { clientOptions, type PlatformaticClientOptions } from "./client-options.js";
import { openPlatformaticProducer } from "./platformatic-producer.js";
import { PlatformaticReader } from "./platformatic-reader.js";

/** Appends and reads through `@platformatic/kafka`; where a topic begins and ends is asked of the admin. */
export function platformaticClient(
  options: PlatformaticClientOptions & Pick<KafkaLogOptions, "headersOf">,
  admin: Admin,
): LogClient {
  const client = clientOptions(options);
  return {
    openProducer: () => openPlatformaticProducer(client, options.headersOf),
    reader: (subscription, readerOptions) => new PlatformaticReader(client, admin, subscription, readerOptions),
  };
}
