import { parseArgs } from "node:util";
import { CannotRun, machine, type Bench } from "./harness.js";
import { checkpointBench } from "./checkpoint.js";
import { coreBench } from "./core.js";
import { corePolicyBench } from "./core-policy.js";
import { decideBench } from "./decide.js";
import { decideStreamBench } from "./decide-stream.js";
import { freshnessBench } from "./freshness.js";
import { ingestBench } from "./ingest.js";
import { logClientsBench } from "./log-clients.js";
import { policyBench } from "./policy.js";
import { restoreBench } from "./restore.js";
import { routingBench } from "./routing.js";
import { onnxBench } from "./onnx.js";
import { offlineBench } from "./offline.js";
import { rollingBench } from "./rolling.js";
import { deviceBench } from "./device.js";
import { impactBench } from "./impact.js";
import { stackBench } from "./stack.js";
import { takeoverBench } from "./takeover.js";
import { underIngestBench } from "./under-ingest.js";
import { windowsPeerBench } from "./windows-peer.js";
import { windowsBench } from "./windows.js";

const BENCHES: readonly Bench[] = [
  decideBench,
  decideStreamBench,
  underIngestBench,
  routingBench,
  takeoverBench,
  rollingBench,
  freshnessBench,
  ingestBench,
  logClientsBench,
  offlineBench,
  windowsBench,
  windowsPeerBench,
  restoreBench,
  checkpointBench,
  stackBench,
  deviceBench,
  impactBench,
  coreBench,
  onnxBench,
  corePolicyBench,
  policyBench,
];

const USAGE = "usage: npm run --silent bench -- NAME [--seconds S] | --list | --help";
const OPTIONS = {
  list: { type: "boolean" },
  help: { type: "boolean" },
  seconds: { type: "string", default: "20" },
} as const;

/** Runs one benchmark: lines for people on standard error, one JSON object last on standard output. */
async function main(): Promise<number> {
  const args = parsedArgs();
  if (typeof args === "string") return misused(args);
  const { values, positionals } = args;
  if (values.help === true) console.log(USAGE);
  if (values.help === true || values.list === true) {
    for (const { name, summary } of BENCHES) console.log(`${name.padEnd(14)} ${summary}`);
    return 0;
  }
  const seconds = Number(values.seconds);
  const bench = BENCHES.find(({ name }) => name === positionals[0]);
  if (!(seconds > 0)) return misused(`--seconds: expected a number above 0, got ${JSON.stringify(values.seconds)}`);
  if (bench === undefined || positionals.length !== 1) {
    return misused(`expected one benchmark's name, got ${positionals.join(" ") || "none"}`);
  }
  const figures = await bench.run({
    seconds,
    say: (line) => {
      console.error(line);
    },
  });
  console.log(JSON.stringify({ bench: bench.name, figures, machine: machine() }));
  return 0;
}

/** What was asked for, or what is wrong with it. */
function parsedArgs() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

function misused(problem: string): number {
  console.error(`${problem}\n${USAGE}\nbenchmarks: ${BENCHES.map(({ name }) => name).join(", ")}`);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
