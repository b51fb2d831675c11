import { parseArgs } from "node:util";
import { machine, type Bench } from "./harness.js";
import { decideBench } from "./decide.js";
import { ingestBench } from "./ingest.js";

const BENCHES: readonly Bench[] = [decideBench, ingestBench];

const USAGE = "usage: npm run --silent bench -- NAME [--seconds S] | --list";

/** Runs one benchmark: lines for people on standard error, one JSON object last on standard output. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { list: { type: "boolean" }, seconds: { type: "string", default: "20" } },
  });
  if (values.list === true) {
    for (const { name, summary } of BENCHES) console.log(`${name.padEnd(10)} ${summary}`);
    return 0;
  }
  const seconds = Number(values.seconds);
  const bench = BENCHES.find(({ name }) => name === positionals[0]);
  if (bench === undefined || positionals.length !== 1 || !(seconds > 0)) {
    console.error(`${USAGE}\nbenchmarks: ${BENCHES.map(({ name }) => name).join(", ")}`);
    return 2;
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

process.exitCode = await main();
