/** One value that two trees of JSON have differently. */
export interface Difference {
  /** `candidates[2].weight`. */
  readonly field: string;
  /** Absent: it has none. */
  readonly recorded: unknown;
  readonly made: unknown;
}

/** Where two trees of JSON differ, leaf by leaf, in the order of the first one's fields. */
export function differences(recorded: unknown, made: unknown, field = ""): readonly Difference[] {
  if (Object.is(recorded, made)) return [];
  if (!isBranch(recorded) || !isBranch(made)) return [{ field, recorded, made }];
  const isList = Array.isArray(recorded);
  const within = field === "" ? "" : `${field}.`;
  const names = new Set([...Object.keys(recorded), ...Object.keys(made)]);
  return [...names].flatMap((name) =>
    differences(recorded[name], made[name], isList ? `${field}[${name}]` : `${within}${name}`),
  );
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
