import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { loadConfig, sayProblems, type Config } from "@leastwise/config";
import { parse } from "yaml";

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string; readonly retries: number };
}

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const portOf = (url: string): number => Number(new URL(url).port);

/** Keys of the compose specification that the file uses; a slip of the pen is not among them. */
const SERVICE_KEYS = [
  ..."build cap_drop command depends_on environment healthcheck image init ports read_only restart".split(" "),
  ..."security_opt stop_grace_period tmpfs ulimits volumes".split(" "),
];

describe("docker-compose.yml", () => {
  it.each(services)("%s uses keys of the compose specification", (_name, service) => {
    for (const key of Object.keys(service)) expect(SERVICE_KEYS).toContain(key);
  });

  it.each(services)("%s runs an image pinned to a full version", (_name, { image }) => {
    expect(image).toMatch(/^[a-z0-9/-]+:v?\d+\.\d+\.\d+(\.\d+)?$/);
  });

  it.each(services)("%s has a health check that ends", (_name, { healthcheck }) => {
    expect(healthcheck?.test[0]).toBe("CMD");
    for (const word of healthcheck?.test ?? []) expect(typeof word).toBe("string");
    expect(healthcheck?.interval).toMatch(/^\d+s$/);
    expect(healthcheck?.retries).toBeGreaterThan(0);
  });

  it.each(services)("%s waits for services that are there and can be healthy", (_name, { depends_on = {} }) => {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(Object.keys(compose.services)).toContain(other);
      expect(condition).toBe("service_healthy");
    }
  });

  it.each(services)("%s mounts files that exist and volumes that are declared", (_name, { volumes = [] }) => {
    for (const volume of volumes) {
      const [source = "", target = "", mode] = volume.split(":");
      expect(target).toMatch(/^\//);
      if (!source.startsWith("./")) {
        expect(Object.keys(compose.volumes)).toContain(source);
        continue;
      }
      expect(existsSync(`${root}${source}`)).toBe(true);
      expect(mode).toBe("ro");
      expect(statSync(`${root}${source}`).isFile()).toBe(/\.\w+$/.test(target));
    }
  });

  it("opens each port once, and only to this host", () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(new Set(ports.map((port) => port.split(":")[1])).size).toBe(ports.length);
  });

  it("uses every volume that it declares", () => {
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0]));
    for (const volume of Object.keys(compose.volumes)) expect(used).toContain(volume);
  });

  it("holds no secret: each comes from the environment, and is asked for", () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/(PASSWORD|__KEY)$/.test(name)) expect(value).toMatch(/^\$\{[A-Z_]+:\?.+\}$/);
      }
    }
    const asked = [...read("docker-compose.yml").matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name = ""]) => name);
    for (const name of asked) expect(read("deploy/README.md")).toContain(`${name}=$(openssl`);
  });
});

async function configOf(name: string): Promise<Config> {
  const service = compose.services[name]!;
  const [subcommand, flag, target, ...rest] = service.command ?? [];
  expect([subcommand, flag, rest]).toEqual([name, "--config", []]);
  const mount = service.volumes?.find((volume) => volume.split(":")[1] === target);
  const env = Object.fromEntries(
    Object.keys(service.environment ?? {}).map((variable) => [
      variable,
      variable.endsWith("__KEY") ? "ab".repeat(32) : "x1",
    ]),
  );
  const result = await loadConfig({ file: `${root}${String(mount?.split(":")[0])}`, env });
  if (!result.ok) throw new Error(sayProblems(result.error));
  return result.value;
}

describe("the services", () => {
  it("are the collector, the scorer and the recorder, each the subcommand of its name, from one image", () => {
    expect(ours.map(([name]) => name)).toEqual(["collector", "scorer", "recorder"]);
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1);
    const version = (JSON.parse(read("package.json")) as { version: string }).version;
    for (const [, { image, build }] of ours) {
      expect(image).toBe(`leastwise:${version}`);
      expect(existsSync(`${root}${String(build?.dockerfile)}`)).toBe(true);
    }
  });

  it.each(ours.map(([name]) => name))("%s has a valid configuration for the services beside it", async (name) => {
    const config = await configOf(name);
    expect(config.log.brokers).toEqual(["kafka:9092"]);
    expect(config.ops.host).toBe("0.0.0.0");
    expect(config.sql_door.enabled).toBe(false);
    expect(config.log.partitions).toBe((await configOf("scorer")).log.partitions);
  });

  it.each(ours)(
    "%s is asked for its health where it answers, and publishes ports that it listens on",
    async (name, service) => {
      const config = await configOf(name);
      expect(service.healthcheck?.test.join(" ")).toContain(`http://127.0.0.1:${config.ops.port}/readyz`);
      const listening = [config.rpc.port, ...(name === "collector" ? [config.collector.http_port] : [])];
      for (const port of service.ports ?? []) expect(listening).toContain(Number(port.split(":")[2]));
    },
  );

  it("are scraped by Prometheus where they answer", async () => {
    const { scrape_configs } = parse(read("deploy/prometheus/prometheus.yml")) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = scrape_configs.map((job) => [job.job_name, job.static_configs.flatMap((each) => each.targets)]);
    const expected = await Promise.all(
      ours.map(async ([name]) => [name, [`${name}:${String((await configOf(name)).ops.port)}`]]),
    );
    expect(targets).toEqual(expected);
  });

  it("find the warehouse as it is set up", async () => {
    const { warehouse } = await configOf("recorder");
    const { environment = {} } = compose.services["clickhouse"]!;
    expect(warehouse.adapter).toBe("http");
    expect([warehouse.user, warehouse.database]).toEqual([
      environment["CLICKHOUSE_USER"],
      environment["CLICKHOUSE_DB"],
    ]);
    expect([new URL(String(warehouse.url)).hostname, portOf(String(warehouse.url))]).toEqual(["clickhouse", 8123]);
  });

  it("run on the Node.js that the project needs, not as root", () => {
    const dockerfile = read("deploy/Dockerfile");
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = ""]) => image);
    for (const image of images) expect(image).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-bookworm-slim$/);
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});
