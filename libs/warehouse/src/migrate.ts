import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { WarehouseError, type Warehouse } from "./port.js";

/** One numbered file of `migrations/`. */
export interface Migration {
  /** From the name: `0003_offers.sql` is 3. */
  readonly version: number;
  readonly name: string;
  /** SHA-256 of the text, hex. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

/** What an apply would do. */
export interface MigrationPlan {
  /** Already applied, in order. */
  readonly applied: readonly Migration[];
  /** To be applied, in order. */
  readonly pending: readonly Migration[];
}

interface AppliedRow {
  readonly version: number;
  readonly checksum: string;
}

/** Beside `src/` and `dist/` alike. */
const FOLDER = new URL("../migrations/", import.meta.url);

// Several processes may apply at once, and one may die halfway: each statement must be harmless when it is run again.
const REPEATABLE = /\b(IF NOT EXISTS|IF EXISTS|CREATE OR REPLACE)\b/i;

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations
(
  version UInt32 COMMENT 'Number of the migration',
  name String COMMENT 'Its file',
  checksum String COMMENT 'SHA-256 of its text: an applied migration never changes',
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When'
)
ENGINE = ReplacingMergeTree ORDER BY version`;

/**
 * Reads the migrations of a folder, in order. `migrations_unreadable`: the folder or a file's name is wrong, a number is used
 * twice; `migration_unsafe`: a statement could not be run twice.
 */
export async function readMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  let files: string[];
  try {
    files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  } catch (cause) {
    throw new WarehouseError("migrations_unreadable", `no migrations in ${folder.pathname}`, "terminal", { cause });
  }
  const migrations = await Promise.all(files.map((file) => readMigration(folder, file)));
  const twice = migrations.find((migration, at) => migration.version === migrations[at - 1]?.version);
  if (twice !== undefined) {
    throw new WarehouseError("migrations_unreadable", `two migrations are numbered ${twice.version}`, "terminal");
  }
  return migrations;
}

async function readMigration(folder: URL, file: string): Promise<Migration> {
  const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
  if (Number.isNaN(version)) {
    throw new WarehouseError("migrations_unreadable", `${file}: expected a name like 0001_clickstream.sql`, "terminal");
  }
  const text = await readFile(new URL(file, folder), "utf8");
  const statements = text.split(/;[ \t]*(?:\n|$)/).map((statement) => statement.trim());
  const kept = statements.filter((statement) => statement !== "");
  const unsafe = kept.find((statement) => !REPEATABLE.test(statement));
  if (unsafe !== undefined) {
    const words = `${file}: a statement needs IF NOT EXISTS, IF EXISTS or CREATE OR REPLACE: ${unsafe.slice(0, 80)}`;
    throw new WarehouseError("migration_unsafe", words, "terminal");
  }
  return { version, name: file, checksum: createHash("sha256").update(text).digest("hex"), statements: kept };
}

/**
 * What {@link applyMigrations} would do; changes nothing. `migration_changed`: an applied one reads differently now;
 * `migration_unknown`: the warehouse has one that this program does not, being newer.
 */
export async function planMigrations(warehouse: Warehouse, migrations?: readonly Migration[]): Promise<MigrationPlan> {
  const known = migrations ?? (await readMigrations());
  const rows = await appliedRows(warehouse);
  const byVersion = new Map(known.map((migration) => [migration.version, migration]));
  for (const { version, checksum } of rows) {
    const migration = byVersion.get(version);
    if (migration === undefined) {
      const words = `the warehouse has migration ${version}, which this program does not know: it is newer`;
      throw new WarehouseError("migration_unknown", words, "terminal");
    }
    if (migration.checksum !== checksum) {
      const words = `${migration.name} was changed after it was applied; write a new migration instead`;
      throw new WarehouseError("migration_changed", words, "terminal");
    }
  }
  const done = new Set(rows.map(({ version }) => version));
  return {
    applied: known.filter(({ version }) => done.has(version)),
    pending: known.filter(({ version }) => !done.has(version)),
  };
}

/**
 * Applies what is pending, in order, forward only, and gives it back. Safe to run by several processes at once: statements are
 * repeatable, and a migration is recorded after all of them have run.
 */
export async function applyMigrations(
  warehouse: Warehouse,
  migrations?: readonly Migration[],
): Promise<readonly Migration[]> {
  const { pending } = await planMigrations(warehouse, migrations);
  await warehouse.command(LEDGER);
  for (const { version, name, checksum, statements } of pending) {
    for (const statement of statements) await warehouse.command(statement);
    await warehouse.command(
      "INSERT INTO schema_migrations (version, name, checksum) SELECT {version:UInt32}, {name:String}, {checksum:String}",
      { version, name, checksum },
    );
  }
  return pending;
}

async function appliedRows(warehouse: Warehouse): Promise<AppliedRow[]> {
  const [ledger] = await warehouse.query<{ found: number }>(
    "SELECT toUInt8(count()) AS found FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
  );
  if (ledger?.found !== 1) return [];
  // DISTINCT and no FINAL: two processes may have recorded two checksums, and both must be seen.
  return await warehouse.query<AppliedRow>(
    "SELECT DISTINCT version, checksum FROM schema_migrations ORDER BY version, checksum",
  );
}
