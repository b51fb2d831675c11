import { CannotRun } from "./harness.js";

/** A number of a benchmark that the environment may say otherwise, so that it can be tried out small. */
export interface AskedNumber {
  /** Of the variable: `BENCH_SUBJECTS`. */
  readonly name: string;
  readonly otherwise: number;
  readonly min: number;
  readonly max: number;
}

/** What the environment says, else what holds otherwise. CannotRun for anything but an integer of the range. */
export function askedNumber(
  { name, otherwise, min, max }: AskedNumber,
  environment: NodeJS.ProcessEnv = process.env,
): number {
  const said = environment[name];
  if (said === undefined) return otherwise;
  const number = Number(said);
  if (said.trim() !== "" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new CannotRun(`${name}: expected an integer from ${min} to ${max}, got ${JSON.stringify(said)}`);
}
