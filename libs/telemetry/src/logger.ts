import {
  pino,
  stdSerializers,
  stdTimeFunctions,
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
} from "pino";
import { pinoPretty } from "./pretty.js";
import { HIDDEN, PERSONAL_FIELD_SPELLINGS, hidePersonalFields } from "./personal-fields.js";

/** From the most to the least talkative; `silent` says nothing. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a logger needs to know. */
export interface LoggerOptions {
  /** The service's name, in every line. */
  readonly service: string;
  /** The program's version, in every line. */
  readonly version: string;
  readonly logLevel: LogLevel;
  /** Coloured lines for a person at a terminal; else one JSON object a line. */
  readonly pretty: boolean;
  /** Where lines go; standard error if absent, since standard output belongs to a command's answer. */
  readonly stream?: DestinationStream;
}

/**
 * The logger of a process. Raw ids, addresses and e-mails never get through it as fields: pino's redaction covers what
 * its serialisers make, and a walk over the fields covers every depth of the rest. A message's text is the caller's own
 * care: put what varies into fields, not into the text.
 */
export function createLogger({ service, version, logLevel, pretty, stream }: LoggerOptions): Logger {
  const destination = stream ?? pino.destination({ fd: STANDARD_ERROR, sync: true });
  const logger = pino(
    {
      level: logLevel,
      base: { service, version },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: hidePersonalFields,
      },
      serializers: { err: serializeError, error: serializeError },
      redact: {
        paths: PERSONAL_FIELD_SPELLINGS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: HIDDEN,
      },
    },
    pretty ? pinoPretty(destination) : destination,
  );
  hideInChildren(logger);
  return logger;
}

/** pino's formatters are not asked about a child's own fields; children of children inherit this from their root. */
function hideInChildren(logger: Logger): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the logger that is asked for a child
  const makeChild: (this: Logger, fields: Bindings, options?: ChildLoggerOptions) => Logger = logger.child;
  Object.assign(logger, {
    child(this: Logger, fields: Bindings, options?: ChildLoggerOptions) {
      return makeChild.call(this, hidePersonalFields(fields), options);
    },
  });
}

const STANDARD_ERROR = 2;

function serializeError(error: unknown): unknown {
  return error instanceof Error ? hidePersonalFields(stdSerializers.err(error)) : error;
}
