import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What each thing of the library's was wrapped by. */
const wrappedBy = new WeakMap<object, Set<unknown>>();

/** A module of kafkajs that it does not export, by its path under `src`: where a defect of 2.2, which nobody mends any more, has to be worked around. */
export function internalOf(path: string): unknown {
  return require(`kafkajs/src/${path}`);
}

/**
 * Has a method of the library's go through another one, for all clients of this process; a second call with the same `wrap` changes nothing. Those that
 * wrap the same method each see what the one before made of it.
 */
export function wrapOnce<Name extends string, Method>(
  of: { [name in Name]: Method },
  name: Name,
  wrap: (method: Method) => Method,
): void {
  const wraps = wrappedBy.get(of) ?? new Set();
  wrappedBy.set(of, wraps);
  if (wraps.has(wrap)) return;
  wraps.add(wrap);
  of[name] = wrap(of[name]);
}
