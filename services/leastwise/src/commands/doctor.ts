import { findKey, loadConfig, obtainKey, sayProblems, type Config, type KeyName } from "@leastwise/config";
import { checkCluster } from "../doctor/cluster.js";
import { failing, findingsTable, fine, type Finding } from "../doctor/finding.js";
import { checkFirstPolicy } from "../doctor/first-policy.js";
import { checkDisk, checkMemory } from "../doctor/machine.js";
import { checkWarehouse } from "../doctor/warehouse.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import type { AccessRole } from "../topics/access.js";

export interface DoctorOptions {
  readonly config: string | undefined;
  readonly json: boolean;
  /** Whose user the brokers are asked as; absent: that of any service. */
  readonly role?: AccessRole;
}

/** Looks at everything that the services need, says how it stands and what to do, and fails if something does. */
export async function doctorCommand({ config: file, json, role }: DoctorOptions): Promise<void> {
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: process.env, overrides: {} });
  if (!loaded.ok) throw new StartFailure(sayProblems(loaded.error));
  const findings = await findingsOf(loaded.value, role);
  process.stdout.write(`${json ? JSON.stringify({ findings }) : findingsTable(findings)}\n`);
  const failed = findings.filter(({ standing }) => standing === "fail");
  if (failed.length > 0) throw new ServiceFailure(`${failed.map(({ name }) => name).join(", ")}: not fit to serve`);
}

async function findingsOf(config: Config, role: AccessRole | undefined): Promise<readonly Finding[]> {
  const looks = await Promise.all([
    checkDisk(config),
    checkKey(config, "subjects"),
    checkKey(config, "codes"),
    checkFirstPolicy(config),
    checkCluster(config, role),
    checkWarehouse(config, Date.now),
  ]);
  return [fine("configuration", "understood"), checkMemory(config), ...looks.flat()];
}

async function checkKey(config: Config, key: KeyName): Promise<Finding> {
  const name = `key of ${key}`;
  // With the embedded log a service makes it; looking does not. With a shared one nobody makes it, and it has to be there.
  const obtained = config.log.adapter === "embedded" ? await findKey(config, key) : await obtainKey(config, key);
  if (obtained.ok) return fine(name, obtained.value === undefined ? "made at first start" : "there");
  const fix = `set ${key}.key_file to a file with 64 hexadecimal digits, the same for all processes: openssl rand -hex 32`;
  return failing(name, sayProblems([obtained.error]), fix);
}
