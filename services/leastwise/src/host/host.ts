import {
  catalogService,
  collectorService,
  createCollector,
  openHttpDoor,
  DeviceBundles,
  modelService,
  policyService,
  subjectService,
  type Collector,
  startRawIntake,
} from "@leastwise/collector";
import { obtainKey, sayProblems, type Config, type KeyName } from "@leastwise/config";
import { createSubjectHasher, OfferTokens, wire, type SubjectHasher } from "@leastwise/contracts";
import type { EventLog, RunningSubscription } from "@leastwise/eventlog";
import { Ledger, offerService } from "@leastwise/ledger";
import type { CompiledModel } from "@leastwise/decision";
import { loadCustom } from "@leastwise/onnx-response";
import { startRecorder, type Recorder } from "@leastwise/recorder";
import {
  followCatalog,
  followLinks,
  followModels,
  followPolicies,
  followSubjects,
  type Catalog,
  type Following,
  type FollowingHooks,
  type LinkBook,
  type Models,
  type Policies,
  type Subjects,
  type TopicSight,
} from "@leastwise/references";
import { startRpcServer, type CallHooks, type RpcServer, type RpcService } from "@leastwise/rpc";
import {
  ClockBehind,
  Decider,
  decisionService,
  FeedMetrics,
  Owners,
  RecentDecisions,
  restoringDecider,
  restoringDecisionService,
  routedDecisionService,
  routedOfferService,
  Router,
  routingService,
  WindowsFeed,
  type RoutedDecider,
  type WindowsFeedOptions,
} from "@leastwise/scorer";
import { openOpsDoor, type Telemetry } from "@leastwise/telemetry";
import {
  hashKeyFromBytes,
  isCurrencyCode,
  sayRefusal,
  type Clock,
  type CurrencyCode,
  type HashKey,
} from "@leastwise/vocabulary";
import { openSqlDoor, type Warehouse } from "@leastwise/warehouse";
import { hostname } from "node:os";
import { decisionsFraming } from "../registry/decisions-framing.js";
import { Closers } from "./closers.js";
import { collectorMetrics, httpHooks, rawHooks, rpcHooks } from "./door-metrics.js";
import { holdService, restoringService, type HeldService } from "./held-service.js";
import { openWhenThere } from "./patient-start.js";
import { sayPassedOver } from "./passed-over.js";
import { startPolicy } from "./start-policy.js";
import { keepLags, keepPolicySight, type SightOptions } from "./sights.js";
import { asStartFailure, cannotOpen, StartFailure } from "./start-failure.js";
import { checkpointsOf, ingestThreads, openLog, openWarehouse } from "./wiring.js";

/** How often the windows' lag is measured, ms. */
const FEED_METRICS_INTERVAL_MS = 5_000;

/** How long the recorder leaves a warehouse that is away alone before its first new try, ms. */
const RECORDER_RETRY_MS = 200;

/** The services that a process can host. The scorer hosts the ledger: a partition has one owner. */
export type Role = "collector" | "scorer" | "recorder";

export interface HostOptions {
  readonly config: Config;
  readonly roles: ReadonlySet<Role>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** True for a replay of what has already happened: nothing is issued. */
  readonly observeOnly: boolean;
}

/** A process at work. */
export interface Host {
  readonly log: EventLog;
  readonly collector: Collector | undefined;
  readonly recorder: Recorder | undefined;
  readonly warehouse: Warehouse | undefined;
  /** Windows of how many subjects are kept. */
  readonly subjectCount: () => number;
  /** Where the doors are; undefined for one that this process does not open. */
  readonly ports: Ports;
  /** Rejects when a part has failed for good. */
  readonly failed: Promise<never>;
  /** Finishes what was begun, and lets everything go, the last opened first. Idempotent. */
  stop(): Promise<void>;
}

export interface Ports {
  readonly rpc: number | undefined;
  readonly http: number | undefined;
  readonly ops: number;
  readonly sql: number | undefined;
}

/** Starts the services of a process, all on one log. Throws a StartFailure in words; what was opened by then is closed. */
export async function startHost(options: HostOptions): Promise<Host> {
  const closers = new Closers();
  try {
    return await new Starting(options, closers).start();
  } catch (error) {
    await closers.closeAll();
    throw asStartFailure(error);
  }
}

/** The doors that answer for everybody's shoppers. */
interface SharedDoors {
  readonly owners: Owners;
  readonly router: Router;
  readonly decisionsOf: (decider: RoutedDecider, recent: Pick<RecentDecisions, "explain">) => RpcService;
}

interface References {
  readonly policies: Policies;
  /** Whether the policy that is known here is the one on the log. */
  readonly sight: TopicSight;
  readonly models: Models;
  readonly catalog: Catalog;
  readonly subjects: Subjects;
  readonly links: LinkBook;
}

/** What is made of the process's keys. */
interface Secrets {
  readonly hasher: SubjectHasher;
  readonly codeKey: { readonly secret: HashKey; readonly version: number };
  readonly tokens: OfferTokens;
}

class Starting {
  readonly #options: HostOptions;
  readonly #closers: Closers;
  /** The door takes only models that are quick enough; who follows has to take what was taken. */
  readonly #loadCustom = (model: CompiledModel, mayBeSlow: boolean) =>
    loadCustom(model, { mayBeSlow, budgetMs: this.#options.config.scorer.custom_model_budget_ms });
  /** The services of the gRPC door: each answers for itself once what stands behind it is restored. */
  #held: readonly HeldService[] = [];
  #isReady = false;
  #owners: Owners | undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(options: HostOptions, closers: Closers) {
    this.#options = options;
    this.#closers = closers;
  }

  async start(): Promise<Host> {
    const { config, roles, clock } = this.#options;
    const failed = new Promise<never>((_, reject) => (this.#fail = reject));
    failed.catch(() => undefined);
    const ops = await this.#openOps();
    const hasher = roles.has("collector") || roles.has("scorer") ? await this.#openHasher() : undefined;
    const secrets = hasher && roles.has("scorer") ? await this.#secrets(hasher) : undefined;
    this.#held = heldServices(this.#options, secrets);
    const rpc = this.#held.length === 0 ? undefined : await this.#openRpc();
    const log = await this.#openLog();
    this.#closers.add(() => log.close());
    const recorded = roles.has("recorder") ? await this.#startRecorder(log) : undefined;
    const references = hasher && (await this.#follow(log));
    if (references !== undefined) await startPolicy({ config, log, clock, policies: references.policies });
    const collector =
      references && roles.has("collector") ? await this.#startCollector(log, references, hasher) : undefined;
    const feed = references && secrets ? await this.#startScorer(log, references, secrets, rpc?.port ?? 0) : undefined;
    rpc?.setServing(true);
    this.#isReady = true;
    return {
      log,
      collector: collector?.collector,
      recorder: recorded?.recorder,
      warehouse: recorded?.warehouse,
      subjectCount: () => feed?.subjectCount ?? 0,
      ports: { rpc: rpc?.port, http: collector?.port, ops, sql: recorded?.port },
      failed,
      stop: async () => {
        this.#isReady = false;
        // Whoever takes over answers from its first moment on; until then this process does.
        await this.#owners?.leave(config.drain_timeout_ms);
        // It was opened first, and closes first: calls under way still find everything behind it.
        await rpc?.drain(config.drain_timeout_ms);
        await this.#closers.closeAll();
      },
    };
  }

  /** Waits for brokers that start later, and says so. */
  #openLog(): Promise<EventLog> {
    const { config, clock, telemetry } = this.#options;
    return openWhenThere(() => openLog(config, clock, telemetry), {
      waitMaxMs: config.log.start_wait_ms,
      nowMs: Date.now,
      onFailed: ({ message }, untilMs) => {
        telemetry.logger.warn(
          { problem: message, until: new Date(untilMs).toISOString() },
          "the log cannot be opened yet: it is tried again; `leastwise doctor` says more",
        );
      },
    });
  }

  async #openOps(): Promise<number> {
    const { config, telemetry } = this.#options;
    const opened = await openOpsDoor({
      ...config.ops,
      telemetry,
      live: () => true,
      ready: () => ({ ready: this.#isReady, reasons: this.#isReady ? [] : ["starting or stopping"] }),
    });
    if (!opened.ok) throw cannotOpen("operations page", opened.error);
    this.#closers.add(() => opened.value.close());
    return opened.value.port;
  }

  async #follow(log: EventLog): Promise<References> {
    const { telemetry, config } = this.#options;
    const { logger, metrics } = telemetry;
    const homeCurrency = currencyOf(config);
    const onPassedOver = sayPassedOver("references", telemetry);
    const sayIfForeign = (version: string, currency: string): void => {
      if (currency === homeCurrency) return;
      const said = "a policy is not in the shop's currency: carts in that get nothing";
      logger.warn({ version, currency, homeCurrency }, said);
    };
    let isFollowing = false;
    const policies = await followPolicies(log, {
      onPassedOver,
      onInForce: ({ written, compiled: { version, currency } }) => {
        // What the log tells of before it is caught up was in force once: of that only the newest matters, below.
        if (isFollowing) sayIfForeign(version, currency);
        metrics.policyApplied.with({}).set(Number(written.appliedAtMs) / 1_000);
      },
      onUnusable: (version) => {
        logger.error({ version }, "a policy on the log cannot be compiled by this version: it is not in force");
      },
    });
    isFollowing = true;
    const newest = policies.active()?.compiled;
    if (newest !== undefined) sayIfForeign(newest.version, newest.currency);
    this.#watch(policies);
    // Side by side: with Kafka a reader's beginning is mostly waiting.
    const [models, catalog, subjects, links] = await Promise.all([
      this.#followModels(log, { onPassedOver }),
      followCatalog(log, { onPassedOver }),
      followSubjects(log, { onPassedOver }),
      followLinks(log, {
        onPassedOver,
        onEvicted: () => {
          metrics.linksForgotten.with({}).add();
        },
      }),
    ]);
    for (const following of [models, catalog, subjects, links]) this.#watch(following);
    const sight = keepPolicySight(policies, this.#sightOptions());
    return { policies, sight, models, catalog, subjects, links: links.book };
  }

  /** A version that cannot be used changes nothing but what is said of it. */
  #followModels(log: EventLog, hooks: FollowingHooks): Promise<Models> {
    const { logger, metrics } = this.#options.telemetry;
    const unusable = new Set<string>();
    return followModels(log, {
      ...hooks,
      loadCustom: (model) => this.#loadCustom(model, true),
      onInForce: (_, { appliedAtMs }) => {
        unusable.clear();
        metrics.unusableModels.with({}).set(0);
        metrics.modelApplied.with({}).set(Number(appliedAtMs) / 1_000);
      },
      onUnusable: (version, problems) => {
        metrics.unusableModels.with({}).set(unusable.add(version).size);
        const said = "a model on the log cannot be used by this version: the one before it stays in force";
        logger.error({ version, problems: problems.map(sayRefusal) }, said);
      },
    });
  }

  async #startRecorder(log: EventLog) {
    const { config, clock, telemetry } = this.#options;
    const { warehouse, embedded } = await openWarehouse(config);
    this.#closers.add(() => warehouse.close());
    const port = config.sql_door.enabled && embedded !== undefined ? await this.#openSql(embedded) : undefined;
    const { block_rows_max: blockRowsMax, block_interval_ms: blockIntervalMs } = config.recorder;
    const recorder = await startRecorder({
      ...{ log, warehouse, telemetry, clock, blockRowsMax, blockIntervalMs },
      retryMs: RECORDER_RETRY_MS,
      onPassedOver: sayPassedOver("recorder", telemetry),
    });
    recorder.finished.catch(this.#fail);
    this.#closers.add(() => recorder.stop());
    return { recorder, warehouse, port };
  }

  async #openSql(warehouse: Parameters<typeof openSqlDoor>[0]["warehouse"]): Promise<number> {
    const { host, port } = this.#options.config.sql_door;
    const opened = await openSqlDoor({ warehouse, host, port });
    if (!opened.ok) throw cannotOpen("SQL door", opened.error);
    this.#closers.add(() => opened.value.close());
    return opened.value.port;
  }

  async #startCollector(log: EventLog, references: References, hasher: SubjectHasher) {
    const { config, clock, telemetry } = this.#options;
    const collector = await createCollector({
      log,
      clock,
      hasher,
      links: references.links,
      metrics: collectorMetrics(telemetry),
    });
    this.#closers.add(() => collector.close());
    if (config.collector.follow_raw) this.#followRaw(log, collector);
    const bundles = new DeviceBundles({ policies: references.policies, clock, seed: await this.#bundleSeed() });
    const opened = await openHttpDoor({
      collector,
      host: config.collector.http_host,
      port: config.collector.http_port,
      writeKeys: config.collector.write_keys,
      bodyLimit: config.collector.body_limit_bytes,
      homeCurrency: currencyOf(config),
      bundles,
      ...httpHooks(telemetry),
    });
    if (!opened.ok) throw cannotOpen("HTTP door", opened.error);
    this.#closers.add(() => opened.value.close(config.drain_timeout_ms));
    this.#become(
      collectorService(collector),
      subjectService({ ...references, log, clock, hasher }),
      catalogService({ log, clock, catalog: references.catalog, policies: references.policies }),
      policyService({ log, clock, policies: references.policies, bundles, homeCurrency: currencyOf(config) }),
      modelService({ log, clock, models: references.models, loadCustom: (model) => this.#loadCustom(model, false) }),
    );
    return { collector, port: opened.value.port };
  }

  /** Not waited for: a group takes a session's length to give on what a dead member had, and no door needs any of it. */
  #followRaw(log: EventLog, collector: Collector): void {
    let started: RunningSubscription | undefined;
    startRawIntake({ log, collector, ...rawHooks(this.#options.telemetry) })
      .then((intake) => (started = intake).finished)
      .catch(this.#fail);
    // One that is still starting ends with the log.
    this.#closers.add(async () => started?.stop());
  }

  async #startScorer(log: EventLog, references: References, secrets: Secrets, rpcPort: number): Promise<WindowsFeed> {
    const { config, clock, telemetry, observeOnly } = this.#options;
    const { policies, catalog } = references;
    const shared = sharesPartitions(config) ? await this.#openShared(log, references, secrets, rpcPort) : undefined;
    const owners = shared?.owners;
    const frame = await decisionsFraming(config.log);
    const ledger = await Ledger.open({
      log,
      telemetry,
      clock,
      ...(owners && { tenure: owners }),
      ...(frame && { frame }),
    });
    this.#closers.add(() => ledger.close());
    ledger.finished.catch(this.#fail);
    const feed = await WindowsFeed.open({
      log,
      telemetry,
      clock,
      currency: currencyOf(config),
      onOrder: (subject, atMs) => {
        ledger.ordered(subject, atMs);
      },
      bytesMax: config.scorer.windows_bytes_max,
      ...(owners && { partitions: [] }),
      ...this.#howToIngest(log),
    });
    this.#closers.add(() => feed.close());
    feed.finished.catch(this.#fail);
    const { logger, metrics } = telemetry;
    const clockBehind = new ClockBehind({ feed, ledger, clock, metrics, logger });
    await this.#measure(new FeedMetrics({ feed, log, clock, metrics }), () => {
      if (config.clock === "wall") clockBehind.measure();
      ledger.watchBreakers(policies.active()?.compiled.breakers ?? []);
    });
    const recent = new RecentDecisions();
    const decider = new Decider({
      ...references,
      ...{ ...secrets, feed, ledger, clock, telemetry, recent, observeOnly },
      wallNowMs: () => Date.now(),
      clockKind: config.clock,
      budgetMs: config.rpc.decide_deadline_ms,
      marginMs: config.rpc.deadline_margin_ms,
      afterWaitMs: config.scorer.after_wait_max_ms,
      ...(owners && { standings: owners }),
      ...(config.clock === "wall" && { lags: keepLags(log, feed, references.subjects, this.#sightOptions()) }),
    });
    decider.rehearse();
    const offers = offerService({ ...secrets, ledger, links: references.links, policies, catalog, clock, telemetry });
    if (shared === undefined) {
      this.#become(decisionService(decider, recent, this.#rpcHooks), offers);
      return feed;
    }
    this.#become(
      shared.decisionsOf(decider, recent),
      routedOfferService({ local: offers, router: shared.router, telemetry }),
    );
    await shared.owners.join({ ledger, feed });
    return feed;
  }

  /** What every sight of this process goes by. It ends with the process. */
  #sightOptions(): SightOptions {
    const { config, telemetry } = this.#options;
    const { policy_heartbeat_ms: heartbeatMs, policy_unseen_ms: unseenMs } = config.scorer;
    return { heartbeatMs, unseenMs, metrics: telemetry.metrics, closers: this.#closers, onBug: this.#fail };
  }

  /** Knows who owns what, and passes on what is another's from here on; what would be this process's own has the safe answer until it is. */
  async #openShared(log: EventLog, { links }: References, secrets: Secrets, rpcPort: number): Promise<SharedDoors> {
    const { config, clock, telemetry } = this.#options;
    const { decide_deadline_ms: budgetMs, deadline_margin_ms: marginMs } = config.rpc;
    const owners = await this.#openOwners(log, rpcPort);
    const router = new Router({ map: owners, telemetry, wallNowMs: () => Date.now(), marginMs });
    this.#closers.add(() => {
      router.close();
      return Promise.resolve();
    });
    const hooks = this.#rpcHooks;
    const decisionsOf: SharedDoors["decisionsOf"] = (decider, recent) =>
      routedDecisionService({ decider, recent, router, budgetMs, hooks });
    const restoring = restoringDecider({ ...secrets, clock, telemetry, links });
    this.#become(decisionsOf(restoring, { explain: () => undefined }), routingService(owners));
    return { owners, router, decisionsOf };
  }

  async #openOwners(log: EventLog, rpcPort: number): Promise<Owners> {
    const { config, clock, telemetry } = this.#options;
    const { address = `${reachableName(config.rpc.host)}:${rpcPort}`, standbys } = config.scorer;
    const owners = await Owners.open({ log, telemetry, clock, address, standbys });
    this.#closers.add(() => owners.close());
    owners.finished.catch(this.#fail);
    return (this.#owners = owners);
  }

  /** With the log as the clock all goes single-file: nothing is to be felt, and nothing is read again. */
  #howToIngest(log: EventLog): Pick<WindowsFeedOptions, "thread" | "checkpoints"> {
    const { config } = this.#options;
    if (config.clock !== "wall") return {};
    const epoch = Date.now();
    if (config.scorer.ingest_threads > 0) return { thread: ingestThreads(config, epoch) };
    return { checkpoints: checkpointsOf(config, log, epoch) };
  }

  /** Once now, so that a process that is ready says what it has; then again and again. */
  async #measure(feedMetrics: FeedMetrics, alsoLook: () => void): Promise<void> {
    const measure = (): Promise<void> => {
      alsoLook();
      return feedMetrics.measure();
    };
    await measure();
    let measuring: Promise<void> | undefined;
    const timer = setInterval(() => {
      // A log that does not answer is not asked again and again.
      measuring ??= measure()
        .catch(this.#fail)
        .finally(() => (measuring = undefined));
    }, FEED_METRICS_INTERVAL_MS);
    this.#closers.add(() => {
      clearInterval(timer);
      return Promise.resolve();
    });
  }

  get #rpcHooks(): CallHooks {
    const { config, telemetry } = this.#options;
    return rpcHooks(telemetry, config.rpc.deadline_margin_ms);
  }

  /** Opens the door before anything is restored: a checkout has its answer from then on. */
  async #openRpc(): Promise<RpcServer> {
    const { config, telemetry } = this.#options;
    const { host, port, max_message_bytes: maxMessageBytes } = config.rpc;
    const services = this.#held.map(({ service }) => service);
    const opened = await startRpcServer({ host, port, maxMessageBytes, services, hooks: this.#rpcHooks });
    if (!opened.ok) throw cannotOpen("gRPC door", opened.error);
    this.#closers.add(async () => {
      await opened.value.drain(config.drain_timeout_ms);
    });
    telemetry.logger.info({ rpc: opened.value.port }, "the gRPC door is open: restoring");
    return opened.value;
  }

  #become(...ready: readonly RpcService[]): void {
    for (const service of ready) {
      const held = this.#held.find((one) => one.service.name === service.name);
      if (held === undefined) throw new Error(`no place was held for ${service.name}`);
      held.become(service);
    }
  }

  #watch(following: Following): void {
    following.finished.catch(this.#fail);
    this.#closers.add(() => following.stop());
  }

  /** With a shared log a key need not be given: nothing is then handed out to devices. */
  async #bundleSeed(): Promise<Uint8Array | undefined> {
    const { log, devices } = this.#options.config;
    return log.adapter === "embedded" || devices.key !== undefined ? await this.#key("devices") : undefined;
  }

  async #openHasher(): Promise<SubjectHasher> {
    return createSubjectHasher(await this.#key("subjects"));
  }

  async #secrets(hasher: SubjectHasher): Promise<Secrets> {
    const { codes } = this.#options.config;
    const codesKey = await this.#key("codes");
    return {
      hasher,
      codeKey: { secret: hashKeyFromBytes(codesKey), version: codes.key_version },
      tokens: new OfferTokens(codesKey, codes.key_version),
    };
  }

  async #key(name: KeyName): Promise<Uint8Array> {
    const key = await obtainKey(this.#options.config, name);
    if (key.ok) return key.value;
    throw new StartFailure(sayProblems([key.error]));
  }
}

function heldServices(
  { config, roles, clock, telemetry }: HostOptions,
  secrets: Secrets | undefined,
): readonly HeldService[] {
  const collector = [
    wire.CollectorServiceService,
    wire.SubjectServiceService,
    wire.CatalogServiceService,
    wire.PolicyServiceService,
    wire.ModelServiceService,
  ];
  return [
    ...(roles.has("collector") ? collector.map((definition) => restoringService(definition)) : []),
    ...(secrets
      ? [
          restoringDecisionService({ ...secrets, clock, telemetry, links: NO_LINKS }),
          restoringService(wire.OfferServiceService),
        ]
      : []),
    ...(roles.has("scorer") && sharesPartitions(config) ? [restoringService(wire.RoutingServiceService)] : []),
  ].map((meanwhile) => holdService(meanwhile));
}

/** Before logins are read from the log, nobody is known to have logged in. */
const NO_LINKS = { linkOf: () => undefined };

/** How others call this machine; one that listens everywhere goes by its name. */
function reachableName(host: string): string {
  if (host === "0.0.0.0" || host === "::") return hostname();
  return host.includes(":") ? `[${host}]` : host;
}

/** Several scorers may work on one cluster; a replay has the log to itself. */
function sharesPartitions({ log, clock }: Config): boolean {
  return log.adapter === "kafka" && clock === "wall";
}

function currencyOf(config: Config): CurrencyCode {
  if (!isCurrencyCode(config.currency)) throw new Error("the configuration was checked: its currency is one");
  return config.currency;
}
