import { keepKey, loadConfig, makeDataDirectory, sayProblems, type Config, type KeyName } from "@leastwise/config";
import type { wire } from "@leastwise/contracts";
import { CartTracker, FORMATS, Storefront, type AssortmentName, type Clickstream } from "@leastwise/testkit";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import { DAY_MS, isCurrencyCode, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { createHash } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { EventClock } from "../host/clock.js";
import { startHost, type Host } from "../host/host.js";
import { asServiceFailure, StartFailure } from "../host/start-failure.js";
import { untilStopped } from "../host/stop-signals.js";
import { isInUse } from "../host/wiring.js";
import { Doors } from "../play/doors.js";
import { decideBy, playModel } from "../play/play-model.js";
import { playPolicy, type PlayPolicy } from "../play/play-policy.js";
import { Player } from "../play/player.js";
import { Progress } from "../play/progress.js";
import { currencyIn, fileCounts, openReplay } from "../play/replay-file.js";
import { byName, summarize, summaryJson, type Summary } from "../play/summary.js";
import { renderTable } from "../play/table.js";
import { tryNext } from "../play/try-next.js";
import { VERSION } from "../version.js";

/** A play must come out the same on a slow machine: no answer of it is cut short by the wall's clock. */
const DECIDE_DEADLINE_MS = 30_000;

/** The currency of the public clickstreams, and of the simulated shop. */
const DOLLARS = "USD" as CurrencyCode;

/** What `leastwise play` takes. */
export interface PlayOptions {
  readonly replay: string | undefined;
  readonly format: string | undefined;
  readonly once: boolean;
  readonly json: boolean;
  readonly seed: string;
  readonly shoppers: number;
  readonly days: number;
  readonly start: string;
  readonly assortment: AssortmentName;
  readonly policy: string | undefined;
  readonly model: string | undefined;
  readonly onnx: string | undefined;
  readonly consent: "all" | "nobody";
  readonly data: string | undefined;
  readonly config: string | undefined;
}

/** Where a play keeps its log and tables unless told otherwise. */
const PLAY_DIRECTORY = path.join(".leastwise", "play");

/** A play's directory holds nothing else: what is found under this mark may be emptied. */
const MARK = "leastwise-play";

/** Plays the storefront or a clickstream, ends with the table, and serves on until it is told to stop. */
export async function playCommand(options: PlayOptions): Promise<void> {
  if (options.format !== undefined && options.replay === undefined)
    throw new StartFailure("--format says how to read a file: name the file with --replay, or leave --format out");
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const model = await playModel(options);
  const { config, policy, stream } = await prepared(options, say);
  await emptyDirectory(config.data_directory);
  await keepPlayKeys(config, options.seed);
  const startMs = stream === undefined ? startOf(options.start) : await firstMs(stream);
  const clock = new EventClock(startMs);
  const telemetry = createTelemetry({
    service: "leastwise",
    version: VERSION,
    logLevel: config.logging.level,
    pretty: false,
  });
  say("Leastwise: starting everything in this process…");
  const host = await startHost({
    config,
    roles: new Set(["collector", "scorer", "recorder"]),
    clock,
    telemetry,
    observeOnly: stream !== undefined,
  });
  try {
    if (model !== undefined) await decideBy(model, host.ports.rpc);
    const played = await Promise.race([playOn(host, clock, options, stream, startMs, policy, say), host.failed]);
    const summary = await summaryOf(played, host, telemetry, options, stream, clock, startMs, policy);
    say("");
    process.stdout.write(options.json ? `${summaryJson(summary)}\n` : `${renderTable(summary)}\n`);
    if (options.once) return;
    say(tryNext(host.ports, summary.lift?.question, played.example));
    say("Serving until Ctrl-C; the clock stands where the play ended.");
    await Promise.race([untilStopped(), host.failed]);
    say("Stopping…");
  } catch (error) {
    throw asServiceFailure(error);
  } finally {
    await host.stop();
    telemetry.close();
  }
}

interface Played {
  readonly player: Player;
  readonly seconds: number;
  readonly carts: CartTracker | undefined;
  /** A decision that was asked, to try again. */
  readonly example: wire.DecideRequest | undefined;
}

async function playOn(
  host: Host,
  clock: EventClock,
  options: PlayOptions,
  stream: Clickstream | undefined,
  startMs: Millis,
  { currency, version }: PlayPolicy,
  say: (line: string) => void,
): Promise<Played> {
  if (host.ports.rpc === undefined) throw new Error("a play needs the gRPC door");
  const doors = new Doors(`127.0.0.1:${host.ports.rpc}`);
  const progress = new Progress({
    stream: process.stderr,
    unit: "events",
    total: stream?.total,
    nowMs: () => performance.now(),
  });
  const player = new Player(doors, clock, progress, shareOf(options, stream, clock, startMs));
  const startedMs = performance.now();
  const carts = stream === undefined ? undefined : new CartTracker(stream.format.asksAt);
  try {
    if (stream !== undefined && carts !== undefined) {
      if (options.consent === "all") await player.haveAgreed(stream);
      await player.replay(stream, carts);
    } else {
      const { seed, shoppers, days, assortment } = options;
      const what = `${shoppers.toLocaleString("en")} shoppers, ${days} days, seed ${seed}`;
      say(`Playing a storefront (${assortment}) under the policy ${version}: ${what}.`);
      await player.play(new Storefront({ seed, shoppers, days, startMs, currency, assortment }));
    }
    say("Waiting until everything is in the tables…");
    await host.recorder?.catchUp();
  } finally {
    doors.close();
  }
  return { player, carts, seconds: (performance.now() - startedMs) / 1_000, example: player.lastQuestion };
}

/** How much of the storefront's time has passed; a file tells by its events. */
function shareOf({ days }: PlayOptions, stream: Clickstream | undefined, clock: EventClock, startMs: Millis) {
  return stream === undefined ? () => (clock.nowMs() - startMs) / (days * DAY_MS) : undefined;
}

async function summaryOf(
  { player, seconds, carts }: Played,
  host: Host,
  telemetry: Telemetry,
  options: PlayOptions,
  stream: Clickstream | undefined,
  clock: EventClock,
  fromMs: Millis,
  { version, currency, experiment }: PlayPolicy,
): Promise<Summary> {
  if (host.warehouse === undefined) throw new Error("a play needs the warehouse");
  const source =
    stream === undefined
      ? { assortment: options.assortment, seed: options.seed, shoppers: options.shoppers, days: options.days }
      : { file: path.basename(options.replay ?? ""), format: stream.format.name };
  return summarize(host.warehouse, {
    mode: stream === undefined ? "storefront" : "replay",
    source,
    policyVersion: version,
    experiment,
    currency,
    seconds,
    tally: player.tally,
    verdicts: await verdictsOf(telemetry),
    file: stream === undefined ? {} : fileCounts(stream, carts),
    subjects: host.subjectCount(),
    fromMs,
    toMs: clock.nowMs(),
    ports: host.ports,
  });
}

/** The windows' verdicts, as the metrics page has them. */
async function verdictsOf(telemetry: Telemetry): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const match of (await telemetry.render()).matchAll(
    /^leastwise_window_verdicts_total\{verdict="(\w+)"\} (\d+)/gm,
  )) {
    if (match[1] !== undefined) counts.set(match[1], Number(match[2]));
  }
  return byName(counts);
}

/** What a play is made of, all of it looked at before anything is started. */
interface Prepared {
  readonly config: Config;
  readonly policy: PlayPolicy;
  /** The clickstream to replay; undefined for the storefront. */
  readonly stream: Clickstream | undefined;
}

/** The currency is that of the policy's document; without one it is the shop's by its configuration, or that of a file's first price. */
async function prepared(options: PlayOptions, say: (line: string) => void): Promise<Prepared> {
  const config = await playConfig(options, DOLLARS);
  if (config.policy_file !== undefined) return preparedByDocument(options, config, say);
  if (options.replay === undefined) return withPolicy(config, undefined);
  const stream = await openReplay(options.replay, options.format, currencyOf(config), say);
  const found = await currencyIn(stream);
  return withPolicy(found === undefined ? config : await playConfig(options, found), stream);
}

async function withPolicy(config: Config, stream: Clickstream | undefined): Promise<Prepared> {
  return { config, policy: await playPolicy(config, undefined), stream };
}

async function preparedByDocument(options: PlayOptions, first: Config, say: (line: string) => void): Promise<Prepared> {
  const policy = await playPolicy(first, options.replay === undefined ? startOf(options.start) : undefined);
  const { currency, version } = policy;
  const config = await playConfig(options, currency);
  if (currencyOf(config) !== currency)
    throw new StartFailure(
      `the policy ${version} is in ${currency}, and the configuration says currency ${config.currency}: leave that out, or name another policy`,
    );
  if (options.replay === undefined) return { config, policy, stream: undefined };
  const stream = await openReplay(options.replay, options.format, currency, say);
  const found = await currencyIn(stream);
  if (found !== undefined && found !== currency)
    throw new StartFailure(
      `the policy ${version} is in ${currency}, and the file's first price in ${found}: under it no cart of the file could get anything`,
    );
  return { config, policy, stream };
}

async function playConfig({ config: file, data, seed, policy }: PlayOptions, currency: CurrencyCode): Promise<Config> {
  const loaded = await loadConfig({
    defaults: {
      logging: { level: "warn" },
      currency,
      data_directory: PLAY_DIRECTORY,
      log: { partitions: 4 },
      rpc: { decide_deadline_ms: DECIDE_DEADLINE_MS },
      subjects: { key: keyOfSeed(seed, "subjects") },
      codes: { key: keyOfSeed(seed, "codes") },
      devices: { key: keyOfSeed(seed, "devices") },
    },
    ...(file === undefined ? {} : { file }),
    env: process.env,
    overrides: {
      clock: "event",
      ...(data === undefined ? {} : { data_directory: data }),
      ...(policy === undefined ? {} : { policy_file: policy }),
    },
  });
  if (!loaded.ok) throw new StartFailure(sayProblems(loaded.error));
  return loaded.value;
}

/**
 * Arms and draws are keyed hashes: the same seed plays the same only under the same keys. Such a key keeps no secret, and need not: the
 * storefront's shoppers are invented, and a clickstream's lie in the file beside it. Who hands the tables on sets `subjects.key`.
 */
function keyOfSeed(seed: string, name: KeyName): string {
  return createHash("sha256").update(`leastwise play/${name}/${seed}`).digest("hex");
}

/** The play's log is looked at by commands that know nothing of its seed. A key that was configured is a secret, and written nowhere. */
async function keepPlayKeys(config: Config, seed: string): Promise<void> {
  if (config.log.adapter !== "embedded") return;
  for (const name of ["subjects", "codes", "devices"] as const) {
    if (config[name].key !== keyOfSeed(seed, name)) continue;
    const kept = await keepKey(config, name);
    if (!kept.ok) throw new StartFailure(sayProblems([kept.error]));
  }
}

async function firstMs(stream: Clickstream): Promise<Millis> {
  for await (const event of stream.events) return Number(event.occurredAtMs) as Millis;
  throw new StartFailure(sayNoEvent(stream));
}

function sayNoEvent({ format, account }: Clickstream): string {
  const refused = [...account.refused].map(([reason, rows]) => `${reason} ${rows.toLocaleString("en")}`).join(", ");
  if (refused === "") return "the file holds no event";
  const advice = `leave --format out and the file's first line tells it, or try another: ${FORMATS.map(({ name }) => name).join(", ")}`;
  return `as ${format.name}, the file holds no event: every row was refused (${refused}); ${advice}`;
}

function startOf(date: string): Millis {
  const startMs = Date.parse(date);
  if (Number.isNaN(startMs))
    throw new StartFailure(`--start: expected a date such as 2026-01-05, got ${JSON.stringify(date)}`);
  return (startMs - (startMs % DAY_MS)) as Millis;
}

/** Makes the play's own directory empty; a directory with anything else in it is left alone and refused. */
async function emptyDirectory(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (names.length > 0 && !names.includes(MARK)) {
    throw new StartFailure(`${directory} holds something else than a play: choose another directory with --data`);
  }
  if (names.includes("log") && (await isInUse(directory))) {
    throw new StartFailure(
      `${directory}: another play is at work there: stop it, or choose another directory with --data`,
    );
  }
  for (const name of names) await rm(path.join(directory, name), { recursive: true, force: true });
  await writeFile(path.join(directory, MARK), "The directory of a play: emptied at the next one.\n");
}

/** What is in the directory, which is made if it is missing. */
async function namesIn(directory: string): Promise<readonly string[]> {
  const made = await makeDataDirectory(directory);
  if (!made.ok) throw new StartFailure(`--data: ${sayProblems([made.error])}`);
  try {
    return await readdir(directory);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw new StartFailure(
      `--data: expected a directory that can be made and written, got ${directory} (${String(error.code)})`,
    );
  }
}

function currencyOf(config: Config): CurrencyCode {
  if (!isCurrencyCode(config.currency)) throw new Error("the configuration was checked: its currency is one");
  return config.currency;
}
