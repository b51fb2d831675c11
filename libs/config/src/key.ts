import type { z } from "zod";

/** How a value is written where there is only text: in the environment. */
export type Form = "text" | "integer" | "boolean" | "list";

/** One key of the configuration: what it holds, what it is without an entry, and what it is for. */
export interface Key<Value> {
  readonly node: "key";
  /** Checks a value. Its messages are not shown: {@link expected} says it in one phrase. */
  readonly schema: z.ZodType<Value>;
  readonly form: Form;
  /** What is expected, as it follows on «expected», for example `an integer from 0 to 65535`. */
  readonly expected: string;
  /** The value without an entry; undefined for a key that may be absent. */
  readonly fallback: Value;
  /** What the key is for, in a sentence or two. */
  readonly meaning: string;
  /** Never printed, neither in errors nor in descriptions. */
  readonly secret: boolean;
}

/** Keys that belong together. */
export interface Section<Children extends Tree> {
  readonly node: "section";
  readonly meaning: string;
  readonly children: Children;
}

/** Keys and sections by name. */
export interface Tree {
  readonly [name: string]: Key<unknown> | Section<Tree>;
}

/** The values of a tree of keys, in the tree's own shape and spelling. */
export type ValuesOf<T extends Tree> = {
  readonly [Name in keyof T]: T[Name] extends Key<infer Value>
    ? Value
    : T[Name] extends Section<infer Children>
      ? ValuesOf<Children>
      : never;
};

/** Some of the values of a tree of keys. */
export type SomeValuesOf<T extends Tree> = {
  readonly [Name in keyof T]?: T[Name] extends Key<infer Value>
    ? Value
    : T[Name] extends Section<infer Children>
      ? SomeValuesOf<Children>
      : never;
};

/** Makes a section. */
export function section<Children extends Tree>(meaning: string, children: Children): Section<Children> {
  return { node: "section", meaning, children };
}
