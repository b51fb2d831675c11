import type { DestinationStream } from "pino";
import { PinoPretty } from "pino-pretty";
import { Writable } from "node:stream";

/** Turns JSON lines into coloured lines for a person, in this thread, so that none is lost when the process ends. */
export function pinoPretty(destination: DestinationStream): DestinationStream {
  const sink = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      destination.write(String(chunk));
      done();
    },
  });
  return PinoPretty({
    colorize: true,
    ignore: "service,version",
    translateTime: "SYS:HH:MM:ss.l",
    destination: sink,
    sync: true,
  });
}
