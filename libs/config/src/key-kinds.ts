import { isCurrencyCode, type CurrencyCode } from "@leastwise/vocabulary";
import { z } from "zod";
import type { Key } from "./key.js";

/** A whole number in a range, both ends included. */
export function integer(min: number, max: number, fallback: number, meaning: string): Key<number> {
  const expected = `an integer from ${min} to ${max}`;
  return {
    node: "key",
    schema: z.int().min(min).max(max),
    form: "integer",
    expected,
    fallback,
    meaning,
    secret: false,
  };
}

/** A TCP port; 0 takes any free one. */
export function port(fallback: number, meaning: string): Key<number> {
  return integer(0, PORT_MAX, fallback, `${meaning} 0 takes any free port.`);
}

const PORT_MAX = 65_535;

/** True or false. */
export function flag(fallback: boolean, meaning: string): Key<boolean> {
  const expected = "true or false";
  return { node: "key", schema: z.boolean(), form: "boolean", expected, fallback, meaning, secret: false };
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  fallback: Words[number],
  meaning: string,
): Key<Words[number]> {
  const expected = `one of ${words.join(", ")}`;
  return { node: "key", schema: z.enum(words), form: "text", expected, fallback, meaning, secret: false };
}

/** A text that is not empty. */
export function text(fallback: string, meaning: string, form: TextForm = ANY_TEXT): Key<string> {
  return {
    node: "key",
    schema: textSchema(form),
    form: "text",
    expected: form.expected,
    fallback,
    meaning,
    secret: false,
  };
}

/** A text that may be absent. */
export function optionalText(meaning: string, form: TextForm = ANY_TEXT): Key<string | undefined> {
  const { expected } = form;
  return { node: "key", schema: textSchema(form), form: "text", expected, fallback: undefined, meaning, secret: false };
}

/** A text that may be absent and is never printed. */
export function optionalSecret(meaning: string, form: TextForm = ANY_TEXT): Key<string | undefined> {
  return { ...optionalText(meaning, form), secret: true };
}

/** Texts in order; in the environment separated by commas. */
export function list(
  fallback: readonly string[],
  meaning: string,
  form: TextForm = ANY_TEXT,
  secret = false,
): Key<readonly string[]> {
  const schema = z.array(textSchema(form)).max(LIST_MAX);
  const expected = `a list, each ${form.expected}`;
  return { node: "key", schema, form: "list", expected, fallback, meaning, secret };
}

/** An ISO 4217 code. */
export function currency(fallback: CurrencyCode, meaning: string): Key<CurrencyCode> {
  const schema = z.custom<CurrencyCode>((value) => typeof value === "string" && isCurrencyCode(value));
  const expected = "an ISO 4217 code in upper case, for example EUR";
  return { node: "key", schema, form: "text", expected, fallback, meaning, secret: false };
}

/** What a text must look like. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly expected: string;
}

/** Anything on one line. */
const ANY_TEXT: TextForm = { pattern: /^[^\u0000-\u001f\u007f]+$/, expected: "a text that is not empty" };
/** A short name made of what log and warehouse take in names. */
export const NAME: TextForm = {
  pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
  expected: "a name of letters, digits, `_`, `.`, `-`",
};
/** Identifier of a database. */
export const IDENTIFIER: TextForm = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]{0,63}$/,
  expected: "a name of letters, digits and `_`",
};
/** Where a broker listens. */
export const HOST_AND_PORT: TextForm = {
  pattern:
    /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
  expected: "a host and a port from 1 to 65535, for example kafka:9092",
};
/** Root of a service spoken to over HTTP. */
export const HTTP_URL: TextForm = {
  pattern: /^https?:\/\/[^\s/@]+\/?$/,
  expected: "a URL such as http://clickhouse:8123, without user or password",
};
/** Where something is asked for over HTTP. */
export const HTTP_ENDPOINT: TextForm = {
  pattern: /^https?:\/\/[^\s/@]+(?:\/[^\s#]*)?$/,
  expected: "a URL such as https://login.example.com/oauth2/token, without user or password",
};
/** 32 bytes. */
export const KEY_32_BYTES: TextForm = { pattern: /^[0-9A-Fa-f]{64}$/, expected: "64 hexadecimal digits (32 bytes)" };

const LIST_MAX = 1_000;
const TEXT_LENGTH_MAX = 4_096;

function textSchema({ pattern }: TextForm): z.ZodType<string> {
  return z.string().max(TEXT_LENGTH_MAX).regex(pattern);
}
