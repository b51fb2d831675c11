import type { AskedRow, CompiledCustom, ModelAnswer, ResponseQuestion } from "@leastwise/decision";
import type { IncentiveKind } from "@leastwise/offers";
import type { OnnxRuntime, OnnxSession, OnnxTensor } from "./runtime.js";
import { columnsOf, fillRows, lengthOf } from "./rows.js";

/** What a model said of rung 0 and each row behind it. */
export interface SaidRows {
  /** Logits, rung 0 first. */
  readonly logits: readonly number[];
  /** Standard deviations that the model says itself, likewise; undefined: it says none. */
  readonly sds: readonly number[] | undefined;
}

/** A session with the shapes of its tensors, which were checked. */
export interface Shaped {
  readonly runtime: OnnxRuntime;
  readonly session: OnnxSession;
  readonly custom: CompiledCustom;
  readonly input: string;
  readonly output: string;
}

/**
 * Asks a model in one call. Undefined: what it gives is no tensor of as many rows.
 *
 * @param data where the question is written, at least {@link lengthOf} numbers
 */
export async function askRows(
  { runtime, session, input, output }: Shaped,
  { features, rows }: ResponseQuestion,
  data: Float32Array,
): Promise<SaidRows | undefined> {
  const count = rows.length + 1;
  const asked = data.subarray(0, lengthOf(features.length, rows));
  fillRows(asked, features, rows);
  const dims = [count, columnsOf(features.length)];
  const said = await session.run({ [input]: new runtime.Tensor("float32", asked, dims) });
  const tensor = said[output];
  return tensor === undefined ? undefined : rowsIn(tensor, count);
}

function rowsIn({ data, dims }: OnnxTensor, count: number): SaidRows | undefined {
  const [rows, width = 1] = dims;
  if (rows !== count || dims.length > 2 || width > 2 || !isNumbers(data)) return undefined;
  const column = (place: number) => Array.from({ length: count }, (_, row) => data[row * width + place] ?? Number.NaN);
  return { logits: column(0), sds: width === 2 ? column(1) : undefined };
}

/** What the runtime gives may be of another realm, in which `instanceof` would not know it. */
function isNumbers(data: unknown): data is Float32Array {
  return ArrayBuffer.isView(data) && "length" in data;
}

/** Whether all of it can be reckoned with: numbers, and deviations that are not negative. */
export function isFinite({ logits, sds = [] }: SaidRows): boolean {
  return logits.every(Number.isFinite) && sds.every((sd) => Number.isFinite(sd) && sd >= 0);
}

/** What a model said, as decisions take it. */
export function answerOf(
  { logits, sds }: SaidRows,
  rows: readonly AskedRow[],
  { baselineSd, shiftSd }: CompiledCustom,
): ModelAnswer {
  const shifts: Partial<Record<IncentiveKind, [number, number, number][]>> = {};
  const logit = logits[0] ?? 0;
  for (const [place, { kind, depthBp }] of rows.entries()) {
    const sd = sds?.[place + 1] ?? shiftSd;
    (shifts[kind] ??= []).push([depthBp, rounded((logits[place + 1] ?? 0) - logit), rounded(sd)]);
  }
  return { logit: rounded(logit), logitSd: rounded(sds?.[0] ?? baselineSd), shifts };
}

/** To six decimals: what is beyond them is noise in a float32, and would only make records longer. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
