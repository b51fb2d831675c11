import { DoorError } from "./door-error.js";
import type { DoorLimits } from "./limits.js";

// Settings that change how an answer looks, or how much work goes into it, and reach nothing outside it. Not by pattern: some
// `output_format_…` settings name files.
const HARMLESS = new Set([
  "date_time_output_format",
  "extremes",
  "interval_output_format",
  "join_use_nulls",
  "max_block_size",
  "max_threads",
  "output_format_arrow_compression_method",
  "output_format_arrow_string_as_string",
  "output_format_decimal_trailing_zeros",
  "output_format_json_array_of_rows",
  "output_format_json_escape_forward_slashes",
  "output_format_json_named_tuples_as_objects",
  "output_format_json_quote_64bit_floats",
  "output_format_json_quote_64bit_integers",
  "output_format_json_quote_decimals",
  "output_format_json_quote_denormals",
  "output_format_native_encode_types_in_binary_format",
  "output_format_native_use_flattened_dynamic_and_json_serialization",
  "output_format_native_write_json_as_string",
  "output_format_parquet_string_as_string",
  "session_timezone",
  "use_client_time_zone",
]);

/** Clients ask for less than the door's limits with these. */
const LIMITED = {
  max_execution_time: ({ executionTimeMs }: DoorLimits) => executionTimeMs / 1_000,
  max_memory_usage: ({ memoryBytes }: DoorLimits) => memoryBytes,
  max_result_bytes: ({ resultBytes }: DoorLimits) => resultBytes,
} as const;

function isLimited(name: string): name is keyof typeof LIMITED {
  return Object.hasOwn(LIMITED, name);
}

/**
 * The settings that a query runs under: the door's limits, narrowed by what the client asks for, and the client's harmless
 * ones. Any other is refused as ClickHouse refuses it to a user who may only read (164).
 */
export function settingsOf(asked: ReadonlyMap<string, string>, limits: DoorLimits): Map<string, string> {
  const settings = new Map<string, string>([["result_overflow_mode", "throw"]]);
  for (const [name, limit] of Object.entries(LIMITED)) settings.set(name, String(limit(limits)));
  for (const [name, value] of asked) {
    if (isLimited(name)) {
      const wanted = Number(value);
      // 0 means "no limit" to ClickHouse: here the door's.
      if (wanted > 0 && wanted < LIMITED[name](limits)) settings.set(name, String(wanted));
    } else if (name === "max_result_rows") settings.set(name, String(Math.max(0, Math.trunc(Number(value) || 0))));
    else if (HARMLESS.has(name)) settings.set(name, value);
    else if (name !== "result_overflow_mode") {
      throw new DoorError(164, "READONLY", `Cannot modify '${name.slice(0, 128)}' setting in readonly mode.`);
    }
  }
  return settings;
}
