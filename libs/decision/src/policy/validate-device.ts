import type { ASTNode } from "@marcbachmann/cel-js";
import { DAY_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { compileSignalExpression } from "../device/signal-expressions.js";
import { DEVICE_EXPRESSION_FIELDS, signalFields } from "./expression-fields.js";
import { typeProblemOf, type Standing } from "./expression-types.js";
import type { DevicePolicy } from "./policy.js";
import type { Problems } from "./problems.js";

const SIGNALS_MAX = 32;
const CLASSES_MAX = 16;
/** With names of 64 bytes a bundle stays below the 16 KiB that the contract promises. */
const EXPRESSION_BYTES_MAX = 512;
const BUNDLE_TTL_MAX_MS = 30 * DAY_MS;

/** Checks what devices are told, its expressions too. */
export function validateDevice(
  problems: Problems,
  { signals, classes, bundleTtlMs }: DevicePolicy,
  standing: Standing,
): void {
  if (signals.length > SIGNALS_MAX)
    problems.add("too_many_names", "device.signals", signals.length, `at most ${String(SIGNALS_MAX)}`);
  for (const [i, name] of signals.entries()) problems.text(`device.signals[${String(i)}]`, name, 64);
  problems.unique(
    signals.map((name, i) => ({ field: `device.signals[${String(i)}]`, name })),
    "signal_repeated",
  );
  if (classes.length < 1 || classes.length > CLASSES_MAX)
    problems.add("classes_size", "device.classes", classes.length, `1 to ${String(CLASSES_MAX)} classes`);
  problems.unique(
    classes.map(({ name }, i) => ({ field: `device.classes[${String(i)}].name`, name })),
    "class_repeated",
  );
  const known = new Set(signals);
  const scope = { objects: { local: signalFields(signals), ...DEVICE_EXPRESSION_FIELDS }, map: "local" };
  for (const [i, { name, expression }] of classes.entries()) {
    const at = `device.classes[${String(i)}]`;
    problems.text(`${at}.name`, name, 64);
    problems.text(`${at}.expression`, expression, EXPRESSION_BYTES_MAX);
    const typeCheck = standing === "proposed" ? (ast: ASTNode) => typeProblemOf(ast, scope) : undefined;
    const compiled = compileSignalExpression(expression, known, typeCheck);
    if (!compiled.ok) problems.addInText(`${at}.expression`, compiled.error);
  }
  if (bundleTtlMs !== 0) problems.range("device.bundle_ttl_ms", bundleTtlMs, MINUTE_MS, BUNDLE_TTL_MAX_MS);
}
