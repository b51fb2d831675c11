import { loadConfig, sayProblems, type SomeConfig } from "@leastwise/config";
import { createTelemetry } from "@leastwise/telemetry";
import { WALL_CLOCK } from "../host/clock.js";
import { startHost, type Role } from "../host/host.js";
import { asServiceFailure, StartFailure } from "../host/start-failure.js";
import { untilStopped } from "../host/stop-signals.js";
import { VERSION } from "../version.js";

/** How long what is left may take to let go of the process after everything has stopped, ms. */
const LEFTOVERS_MS = 5_000;

export interface ServeOptions {
  /** A YAML or JSON file; undefined: defaults and the environment alone. */
  readonly config: string | undefined;
  /** Where the embedded log and warehouse are kept; undefined: as configured. */
  readonly data: string | undefined;
}

/** Hosts services until the process is told to stop: all of them, or one kind. */
export async function serveCommand(service: Role | "leastwise", options: ServeOptions): Promise<void> {
  const overrides: SomeConfig = options.data === undefined ? {} : { data_directory: options.data };
  const loaded = await loadConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    overrides,
  });
  if (!loaded.ok) throw new StartFailure(sayProblems(loaded.error));
  const config = loaded.value;
  const isTerminal = process.stderr.isTTY;
  const pretty = config.logging.format === "pretty" || (config.logging.format === "auto" && isTerminal);
  const telemetry = createTelemetry({ service, version: VERSION, logLevel: config.logging.level, pretty });
  const { logger } = telemetry;
  const roles = new Set<Role>(service === "leastwise" ? ["collector", "scorer", "recorder"] : [service]);
  logger.info({ roles: [...roles], data: config.data_directory, log: config.log.adapter }, "starting");
  const host = await startHost({ config, roles, clock: WALL_CLOCK, telemetry, observeOnly: false });
  logger.info({ ports: host.ports }, "serving");
  try {
    await Promise.race([untilStopped(), host.failed]);
    logger.info("told to stop: finishing what was begun");
  } catch (error) {
    throw asServiceFailure(error);
  } finally {
    await host.stop();
    telemetry.close();
    endBefore(LEFTOVERS_MS);
  }
  logger.info("stopped");
}

/** Ends the process in a while, if it has not ended by then: what a client library leaves behind does not keep a service that has stopped. */
function endBefore(ms: number): void {
  setTimeout(() => process.exit(), ms).unref();
}
