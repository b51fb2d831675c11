import type { Warehouse } from "../port.js";

/**
 * Table functions that make up their rows themselves. All others are refused, whatever the engine comes to have: they reach files, other
 * servers or programs, or take a column's declaration as text (`values`, `generateRandom`, `null`), whose ALIAS is an expression that
 * nobody would look at. `format` is one of those too, and is a scalar function's name as well: as a table function the engine refuses
 * it, for want of a grant.
 */
export const ALLOWED_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  "format",
  "generate_series",
  "generateseries",
  "numbers",
  "numbers_mt",
  "primes",
  "view",
  "viewifpermitted",
  "zeros",
  "zeros_mt",
]);

/** Categories of `system.functions` that reach dictionaries, models, services or the process's own memory: all of them are refused. */
const DENIED_CATEGORIES = ["AI", "Dictionary", "Embedded Dictionary", "Introspection", "Machine Learning"];

/** Functions of other categories that read files, tell of the machine, hold up a thread, or parse a declaration given as text. */
export const DENIED_FUNCTIONS: ReadonlySet<string> = new Set([
  "buildid",
  "catboostevaluate",
  "file",
  "filesystemavailable",
  "filesystemcapacity",
  "filesystemunreserved",
  "generateserialid",
  "getclienthttpheader",
  "getmacro",
  "getoskernelversion",
  "getserverport",
  "getserversetting",
  "joinget",
  "joingetornull",
  "naivebayesclassifier",
  "serveruuid",
  "showcertificate",
  "sleep",
  "sleepeachrow",
  "structuretocapnprotoschema",
  "structuretoprotobufschema",
  "tcpport",
  "zookeepersessionuptime",
]);

interface NameRow {
  readonly name: string;
  readonly alias_to: string;
  readonly categories: string;
}

/** Names that no statement through the door may have, in lower case: of this engine's own table functions and functions, and their aliases. */
export async function deniedNames(warehouse: Pick<Warehouse, "query">): Promise<ReadonlySet<string>> {
  const tableFunctions = await warehouse.query<{ name: string }>("SELECT name FROM system.table_functions");
  const functions = await warehouse.query<NameRow>(
    "SELECT name, alias_to, categories FROM system.functions WHERE NOT is_aggregate",
  );
  const denied = new Set(DENIED_FUNCTIONS);
  for (const name of tableFunctions.map((row) => row.name.toLowerCase())) {
    if (!ALLOWED_TABLE_FUNCTIONS.has(name)) denied.add(name);
  }
  for (const { name, categories } of functions)
    if (DENIED_CATEGORIES.includes(categories)) denied.add(name.toLowerCase());
  for (const { name, alias_to } of functions) if (denied.has(alias_to.toLowerCase())) denied.add(name.toLowerCase());
  return denied;
}
