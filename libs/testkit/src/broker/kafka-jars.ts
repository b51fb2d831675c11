import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { classArchiveOf, dumpClasses, formatServer, planAlone } from "./kafka-server.js";
import { runCommand } from "./run-command.js";

const POM = fileURLToPath(new URL("../../kafka-dist/pom.xml", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../../.cache/kafka/", import.meta.url));
const JAVA_MIN = 17;
const LOOK_WITHIN_MS = 60_000;
const DOWNLOAD_WITHIN_MS = 600_000;
const LOOK_AGAIN_MS = 100;

/** What this machine lacks to run Kafka from Maven Central, in words; undefined if nothing. */
export async function missingForMaven(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const java = await runCommand("java", ["-version"], LOOK_WITHIN_MS, environment);
  const version = Number(/version "(\d+)/.exec(java.output)?.[1] ?? 0);
  if (!java.succeeded) return "java was not found";
  if (version < JAVA_MIN) return `java is of version ${version}, expected at least ${JAVA_MIN}`;
  // Once the jars are here, Maven is not asked again.
  if (existsSync(jarsFolder())) return undefined;
  const maven = await runCommand("mvn", ["-v"], LOOK_WITHIN_MS, environment);
  return maven.succeeded ? undefined : "mvn was not found";
}

/**
 * Folder with Kafka's jars, fetched once into the project's cache. Processes that come at the same time wait for the one
 * that fetches; if that dies, the next takes over. A folder appears whole or not at all.
 */
export async function kafkaJars(): Promise<string> {
  const jars = jarsFolder();
  const lock = `${jars}.lock`;
  const deadlineMs = Date.now() + DOWNLOAD_WITHIN_MS;
  mkdirSync(CACHE, { recursive: true });
  while (!existsSync(jars) || !existsSync(classArchiveOf(jars))) {
    if (takeLock(lock)) {
      try {
        if (!existsSync(jars)) await fetchJars(jars);
        if (!existsSync(classArchiveOf(jars))) await archiveClasses(jars);
      } finally {
        rmSync(lock, { force: true });
      }
    } else {
      if (Date.now() > deadlineMs)
        throw new Error(`kafka: another process has been fetching into ${jars} for too long`);
      await sleep(LOOK_AGAIN_MS);
    }
  }
  return jars;
}

async function fetchJars(jars: string): Promise<void> {
  const partial = `${jars}.${process.pid}.partial`;
  process.stderr.write(`kafka: fetching Apache Kafka ${kafkaVersion()} with Maven, about 54 MB, once\n`);
  const copy = ["-q", "-B", "-f", POM, "dependency:copy-dependencies", `-DoutputDirectory=${partial}`];
  const { succeeded, output } = await runCommand("mvn", copy, DOWNLOAD_WITHIN_MS);
  if (!succeeded) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(`kafka: Maven could not fetch it: ${withoutAddresses(output).slice(0, 500)}`);
  }
  renameSync(partial, jars);
  process.stderr.write("kafka: fetched\n");
}

/**
 * Runs a server once, and keeps the classes that it loaded (dynamic class-data sharing, JEP 350): a start then takes half the time, and
 * many tests start one. Where that cannot be done an empty file says so.
 */
async function archiveClasses(jars: string): Promise<void> {
  process.stderr.write("kafka: writing down its classes, so that it starts sooner, once\n");
  const partial = `${jars}.${process.pid}.jsa.partial`;
  try {
    const plan = await planAlone(jars, []);
    await formatServer(plan);
    await dumpClasses(plan, partial);
  } catch {
    // It starts without, only later.
  }
  if (!existsSync(partial)) writeFileSync(partial, "");
  renameSync(partial, classArchiveOf(jars));
}

/** Which mirror a machine uses is its own affair. */
function withoutAddresses(text: string): string {
  return text.replace(/\bhttps?:\/\/\S+/g, "(address)");
}

function jarsFolder(): string {
  return join(CACHE, kafkaVersion());
}

function kafkaVersion(): string {
  const version = /<kafka\.version>([^<]+)</.exec(readFileSync(POM, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${POM} names no kafka.version`);
  return version;
}

/** True if this process now holds the lock. One left by a process that is gone is removed first. */
function takeLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isHeld(path)) rmSync(path, { force: true });
    return false;
  }
}

function isHeld(path: string): boolean {
  try {
    const holder = Number(readFileSync(path, "utf8"));
    // Between its making and its writing the file is empty; that holder is alive.
    if (holder === 0) return true;
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error && error.code === "EPERM";
  }
}
