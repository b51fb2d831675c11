import { ASSORTMENTS, FORMATS } from "@leastwise/testkit";
import { nearestName, printable } from "@leastwise/vocabulary";
import { Command, InvalidArgumentError, Option } from "commander";
import { doctorCommand, type DoctorOptions } from "./commands/doctor.js";
import { playCommand, type PlayOptions } from "./commands/play.js";
import {
  applyCommand,
  diffCommand,
  historyCommand,
  killCommand,
  rollbackCommand,
  showCommand,
  validateCommand,
  type AskingOptions,
  type DiffOptions,
  type PolicyOptions,
  type RollbackOptions,
} from "./commands/policy.js";
import {
  applyModelCommand,
  modelHistoryCommand,
  rollbackModelCommand,
  showModelCommand,
  validateModelCommand,
  type ApplyModelOptions,
  type ValidateModelOptions,
} from "./commands/model.js";
import { explainCommand, type ExplainOptions } from "./commands/explain.js";
import { impactCommand, type ImpactOptions } from "./commands/policy-impact.js";
import { importProfilesCommand, type ProfilesOptions } from "./commands/profiles.js";
import { replayDecisionCommand, type ReplayDecisionOptions } from "./commands/replay-decision.js";
import type { PolicyNames } from "./policy/policy-file.js";
import { serveCommand, type ServeOptions } from "./commands/serve.js";
import {
  aclsCommand,
  growCommand,
  topicsCommand,
  type AclsOptions,
  type GrowOptions,
  type TopicsOptions,
} from "./commands/topics.js";
import { ServiceFailure, StartFailure } from "./host/start-failure.js";
import { PlayFailure } from "./play/player.js";
import { ROLES } from "./topics/access.js";
import { VERSION } from "./version.js";

const FORMAT_HELP = FORMATS.map(({ name, help }) => `  ${name.padEnd(18)}${help}`).join("\n");

const ASSORTMENT_HELP = Object.entries(ASSORTMENTS)
  .map(([name, { help }]) => `  ${name.padEnd(18)}${help}`)
  .join("\n");

// Whoever reads no further, as `| head` does, is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

function program(): Command {
  const leastwise = new Command("leastwise")
    .description(
      "Decides the least incentive that converts the shopper at the checkout, and proves that it paid for itself.",
    )
    .version(VERSION)
    // What stands behind a command is the command's: a policy has a version, too.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nWithout a command it plays: `play --help` tells what it takes (--once, --json, --replay and others).",
    )
    .showHelpAfterError("`--help` tells what is taken.");
  addPlay(leastwise);
  addServices(leastwise);
  addPolicy(leastwise);
  addModel(leastwise);
  addDecisions(leastwise);
  addProfiles(leastwise);
  addTopics(leastwise);
  addDoctor(leastwise);
  return leastwise;
}

function addPlay(leastwise: Command): void {
  leastwise
    .command("play", { isDefault: true })
    .description("play a simulated storefront, or a real clickstream with --replay, through everything in one process")
    .option("--replay <path>", "a clickstream to play instead: a file, or the folder of a format that has several")
    .addOption(
      new Option("--format <name>", "its format; absent: told by its first line").choices(
        FORMATS.map(({ name }) => name),
      ),
    )
    .option("--once", "end after the table instead of serving on", false)
    .option("--json", "print the table as one JSON object, and nothing else, on standard output", false)
    .option("--seed <text>", "seed of the storefront: the same seed plays the same", "leastwise")
    .addOption(ofStorefront("--shoppers <n>", "shoppers of the storefront", 2_000).argParser(wholeNumber(1, 100_000)))
    .addOption(ofStorefront("--days <n>", "days of the storefront", 14).argParser(wholeNumber(1, 60)))
    .addOption(ofStorefront("--start <date>", "first day of the storefront", "2026-01-05"))
    .addOption(
      ofStorefront("--assortment <name>", "what the storefront sells, and to whom", "general").choices(
        Object.keys(ASSORTMENTS),
      ),
    )
    .option("--policy <file>", "a policy document to play under, instead of the built-in policy")
    .option("--model <file>", "a response model to decide by, instead of the priors")
    .addOption(ofOnnx())
    .addOption(
      new Option("--consent <who>", "whose data may be used in a replay: clickstreams do not say")
        .choices(["all", "nobody"])
        .default("nobody"),
    )
    .option(
      "--data <directory>",
      "where the play keeps its log and tables: emptied at the start (default: .leastwise/play)",
    )
    .option("--config <file>", "configuration, YAML or JSON")
    .addHelpText("after", `\nAssortments:\n${ASSORTMENT_HELP}\n\nFormats:\n${FORMAT_HELP}`)
    .action((options: PlayOptions) => playCommand(options));
}

function addServices(leastwise: Command): void {
  const services = [
    ["serve", "leastwise", "every service in one process, on embedded defaults, until told to stop"],
    ["collector", "collector", "the collector: events, profiles, consent, catalog, policy"],
    ["scorer", "scorer", "the scorer with the ledger: Decide and Redeem"],
    ["recorder", "recorder", "the recorder: from the log into the warehouse"],
  ] as const;
  for (const [name, service, description] of services) {
    leastwise
      .command(name)
      .description(description)
      .option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")
      .option("--data <directory>", "where the embedded log and warehouse are kept")
      .action((options: ServeOptions) => serveCommand(service, options));
  }
}

function addPolicy(leastwise: Command): void {
  const policy = leastwise
    .command("policy")
    .description("the policy: what may be given, to whom, when, and what must never happen");
  const command = (usage: string, description: string): Command =>
    policy
      .command(usage)
      .description(description)
      .option("--json", "print one JSON object, and nothing else, on standard output", false);
  const asking = (usage: string, description: string): Command =>
    command(usage, description).option("--address <host:port>", "gRPC door of a running service", "localhost:7400");
  command("validate <file>", "check a document, and say where in it each thing is wrong; - is standard input").action(
    (file: string, options: PolicyOptions) => validateCommand(file, options),
  );
  asking("apply <file>", "put a document into force")
    .option("--version <name>", "its version, instead of the document's")
    .option("--author <text>", "who applies it, instead of the document's")
    .option("--reason <text>", "why, instead of the document's")
    .action((file: string, options: AskingOptions & PolicyNames) => applyCommand(file, options));
  asking("diff <file> [before]", "say what a document changes in the policy in force, or in another document")
    .option("--against <version>", "in this version instead")
    .action((file: string, before: string | undefined, options: DiffOptions) => diffCommand(file, before, options));
  addImpact(command);
  asking("show [version]", "print the policy in force, or an earlier one, as a document").action(
    (version: string | undefined, options: AskingOptions) => showCommand(version, options),
  );
  asking("history", "print who put what into force, when and why").action((options: AskingOptions) =>
    historyCommand(options),
  );
  asking("kill", "give nothing new from now on: what is in force, with its kill switch on; rollback goes on")
    .requiredOption("--author <text>", "who stops it")
    .requiredOption("--reason <text>", "why")
    .action((options: RollbackOptions) => killCommand(options));
  asking("rollback <version>", "put what an earlier version said into force again")
    .requiredOption("--author <text>", "who goes back")
    .requiredOption("--reason <text>", "why")
    .action((version: string, options: RollbackOptions) => rollbackCommand(version, options));
}

function addModel(leastwise: Command): void {
  const model = leastwise
    .command("model")
    .description("the response model: how likely a shopper buys without us, and what an incentive changes about that");
  const command = (usage: string, description: string): Command =>
    model
      .command(usage)
      .description(description)
      .option("--json", "print one JSON object, and nothing else, on standard output", false);
  const asking = (usage: string, description: string): Command =>
    command(usage, description).option("--address <host:port>", "gRPC door of a running service", "localhost:7400");
  command("validate <file>", "check a document, and say where in it each thing is wrong; - is standard input")
    .addOption(ofOnnx())
    .action((file: string, options: ValidateModelOptions) => validateModelCommand(file, options));
  asking("apply <file>", "put a document into force")
    .addOption(ofOnnx())
    .requiredOption("--author <text>", "who applies it")
    .requiredOption("--reason <text>", "why")
    .action((file: string, options: ApplyModelOptions) => applyModelCommand(file, options));
  asking(
    "show [version]",
    "print the model in force, or an earlier one, as a document: the priors, if none was",
  ).action((version: string | undefined, options: AskingOptions) => showModelCommand(version, options));
  asking("history", "print who put what into force, when and why").action((options: AskingOptions) =>
    modelHistoryCommand(options),
  );
  asking("rollback <version>", "put what an earlier version said, or the priors, into force again")
    .requiredOption("--author <text>", "who goes back")
    .requiredOption("--reason <text>", "why")
    .action((version: string, options: RollbackOptions) => rollbackModelCommand(version, options));
}

function ofOnnx(): Option {
  return new Option("--onnx <file>", "a model in ONNX, whose bytes become the document's custom.onnx");
}

function addImpact(command: (usage: string, description: string) => Command): void {
  const ofReplay = (option: Option): Option => option.conflicts("log");
  const ofLog = (option: Option): Option => option.conflicts("replay");
  const formats = FORMATS.map(({ name }) => name);
  const whose = new Option("--consent <who>", "whose data may be used: clickstreams do not say");
  command(
    "impact <file>",
    "say what a document would have decided otherwise than the policy in force, on a clickstream's carts or the log's",
  )
    .option("--replay <path>", "a clickstream: a file, or the folder of a format that has several")
    .addOption(
      ofLog(new Option("--log", "the decisions that stand on the log, as the configuration names it").default(false)),
    )
    .addOption(ofLog(new Option("--from <time>", "the first instant of the log's that counts; absent: its beginning")))
    .addOption(ofLog(new Option("--to <time>", "the first instant that does not count any more; absent: its end")))
    .addOption(ofLog(new Option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")))
    .addOption(ofLog(new Option("--data <directory>", "where the embedded log is kept")))
    .addOption(ofReplay(new Option("--format <name>", "how to read it; absent: its first line tells").choices(formats)))
    .option("--against <document>", "compare with this document, and ask no service")
    .addOption(ofReplay(whose.choices(["all", "nobody"]).default("all")))
    .addOption(
      ofReplay(new Option("--address <host:port>", "gRPC door of a running service").default("localhost:7400")),
    )
    .option("--html <file>", "write it as a page, too")
    .action((file: string, options: ImpactOptions) => impactCommand(file, options));
}

function addDecisions(leastwise: Command): void {
  const command = (usage: string, description: string): Command =>
    leastwise
      .command(usage)
      .description(description)
      .option("--config <file>", "configuration that names the log, YAML or JSON; see libs/config/CONFIG.md")
      .option("--data <directory>", "where the embedded log is kept")
      .option("--json", "print one JSON object, and nothing else, on standard output", false);
  command(
    "explain <decision-id>",
    "say why a decision came out as it did: its steps, what came next, what else would have been",
  )
    .option("--address <host:port>", "gRPC door of a running service, which knows the newest", "localhost:7400")
    .option("--log", "look for it on the log instead, and decide it again from its record", false)
    .action((decisionId: string, options: ExplainOptions) => explainCommand(decisionId, options));
  command(
    "replay-decision <decision-id>",
    "decide a decision of the log again, from its record alone, and end with 1 unless it comes out the same, byte for byte",
  ).action((decisionId: string, options: ReplayDecisionOptions) => replayDecisionCommand(decisionId, options));
}

const PROFILES_HELP = `
Columns, in any order: user_id or anonymous_id, or both; loyalty_tier, member, customer_since (a date or a time) or
customer_since_ms, birthday (MM-DD; of a whole date the year is left out), tags (separated by |), attributes.NAME; consent
(purposes separated by |, or none) with consent_stated_at. A row replaces the shopper's profile as a whole.`;

function addProfiles(leastwise: Command): void {
  leastwise
    .command("profiles")
    .description("what the shop's customer records say of its shoppers")
    .command("import <file>")
    .description("keep the profiles and consents of a CSV file, gzip or not; what is kept already is not written again")
    .option("--address <host:port>", "gRPC door of a running service", "localhost:7400")
    .option("--dry-run", "check all rows, and ask no service", false)
    .option("--rejects <file>", "where rows go that are wrong, each with why, to be mended and imported")
    .option("--json", "print one JSON object, and nothing else, on standard output", false)
    .addHelpText("after", PROFILES_HELP)
    .action((file: string, options: ProfilesOptions) => importProfilesCommand(file, options));
}

function addTopics(leastwise: Command): void {
  const topics = leastwise
    .command("topics")
    .description("the topics of a Kafka cluster, as the configuration wants them");
  const questions = [
    ["plan", "say what is to be done, and change nothing"],
    ["apply", "make topics, set what can be set without loss, and say what was; a refused plan changes nothing"],
    ["check", "end with 1 unless every topic is as it must be"],
  ] as const;
  for (const [question, description] of questions) {
    topics
      .command(question)
      .description(description)
      .option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")
      .option("--json", "print one JSON object, and nothing else, on standard output", false)
      .action((options: TopicsOptions) => topicsCommand(question, options));
  }
  topics
    .command("acls")
    .description("print what each service's user must be allowed to do on the brokers, as kafka-acls.sh takes it")
    .option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")
    .option("--json", "print one JSON object, and nothing else, on standard output", false)
    .addOption(new Option("--role <name>", "of this service alone").choices(ROLES))
    .option("--principal <prefix>", "kind and beginning of the users' names, before the service's", "User:leastwise-")
    .action((options: AclsOptions) => aclsCommand(options));
  topics
    .command("grow")
    .description("give the topics that hold subjects more partitions, while no service runs; see docs/kafka.md first")
    .requiredOption("--partitions <n>", "how many there are to be", wholeNumber(2, 256))
    .option(
      "--dry-run",
      "look through the topics, say what stands in the way and what would be done, and change nothing",
      false,
    )
    .option("--again", "copy once more, and leave out what somebody wrote while it was being done", false)
    .option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")
    .option("--json", "print one JSON object, and nothing else, on standard output", false)
    .action((options: GrowOptions) => growCommand(options));
}

function addDoctor(leastwise: Command): void {
  leastwise
    .command("doctor")
    .description(
      "look at brokers, topics, rights, warehouse, keys, clock, disk and memory, and say what to do about each",
    )
    .option("--config <file>", "configuration, YAML or JSON; see libs/config/CONFIG.md")
    .option("--json", "print one JSON object, and nothing else, on standard output", false)
    .addOption(new Option("--role <name>", "say what the user lacks for this service").choices(ROLES))
    .action((options: DoctorOptions) => doctorCommand(options));
}

/** An option that a replay has no use for, and refuses rather than ignore. */
function ofStorefront(flags: string, description: string, absent: number | string): Option {
  return new Option(flags, description).default(absent).conflicts("replay");
}

/** A first word that is no command: the default command would take it for an argument that it does not know. */
function unknownCommand(leastwise: Command): string | undefined {
  const [word] = process.argv.slice(2);
  const names = ["help", ...leastwise.commands.map((command) => command.name())];
  if (word === undefined || word.startsWith("-") || names.includes(word)) return undefined;
  const nearest = nearestName(word, names);
  const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `unknown command ${JSON.stringify(printable(word))}: expected one of ${names.join(", ")}${meant}`;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

try {
  const leastwise = program();
  const unknown = unknownCommand(leastwise);
  if (unknown !== undefined) throw new StartFailure(unknown);
  await leastwise.parseAsync();
} catch (error) {
  const isInWords = [StartFailure, ServiceFailure, PlayFailure].some((kind) => error instanceof kind);
  if (!(error instanceof Error) || !isInWords) throw error;
  process.stderr.write(`leastwise: ${error.message}\n`);
  process.exitCode = 1;
}
