import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openEmbeddedWarehouse, type EmbeddedWarehouse } from "../embedded.js";
import { openHttpWarehouse } from "../http.js";
import { createLiftViews, liftReport } from "../lift-report.js";
import { applyMigrations } from "../migrate.js";
import { COMPUTING_CATEGORIES, HARMLESS_FUNCTIONS } from "../given/reviewed-functions.js";
import { ORDER } from "../given/sample-rows.js";
import { ALLOWED_TABLE_FUNCTIONS, deniedNames } from "./denied-names.js";
import { openSqlDoor, type SqlDoor } from "./door.js";

const directory = mkdtempSync(join(tmpdir(), "leastwise-door-"));
const secret = join(directory, "secret.csv");
const LIMITS = { executionTimeMs: 4_000, resultBytes: 1_000_000, requestBytes: 10_000 };
let warehouse: EmbeddedWarehouse;
let door: SqlDoor;
let url: string;

beforeAll(async () => {
  writeFileSync(secret, "top-secret\n");
  warehouse = await openEmbeddedWarehouse({ directory });
  await applyMigrations(warehouse);
  await createLiftViews(warehouse);
  await warehouse.insert("orders", [ORDER], { deduplicationToken: "first" });
  const opened = await openSqlDoor({ warehouse, host: "127.0.0.1", port: 0, limits: LIMITS });
  if (!opened.ok) throw new Error(opened.error.reason);
  door = opened.value;
  url = `http://127.0.0.1:${String(door.port)}`;
});
afterAll(async () => {
  await door.close();
  await warehouse.close();
  rmSync(directory, { recursive: true, force: true });
});

function get(query: string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/?${String(new URLSearchParams({ query, ...more }))}`);
}

async function said(query: string, more: Record<string, string> = {}): Promise<string> {
  return await (await get(query, more)).text();
}

describe("ClickHouse's own client", () => {
  const client = () => createClient({ url, log: { level: ClickHouseLogLevel.OFF } });

  it("pings, queries with parameters, gets typed errors", async () => {
    const asking = client();
    expect((await asking.ping()).success).toBe(true);
    const rows = await asking.query({
      query:
        "SELECT order_id, revenue_minor FROM orders WHERE currency = {currency:String} AND order_id IN {ids:Array(String)}",
      query_params: { currency: "EUR", ids: ["o", "it's", "a\tb\\"] },
      format: "JSONEachRow",
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    expect(await rows.json()).toEqual([{ order_id: "o", revenue_minor: "4750" }]);
    const echo = await asking.query({
      query: "SELECT {x:String} AS x",
      query_params: { x: "a\tb\\'\n" },
      format: "JSONEachRow",
    });
    expect(await echo.json()).toEqual([{ x: "a\tb\\'\n" }]);
    await expect(asking.query({ query: "SELECT * FROM nothing" })).rejects.toMatchObject({
      code: "60",
      type: "UNKNOWN_TABLE",
    });
    await expect(asking.query({ query: "SELECT 1 SETTINGS max_threads = 1" })).rejects.toMatchObject({ code: "164" });
    await expect(
      asking.insert({ table: "orders", values: [{ order_id: "x" }], format: "JSONEachRow" }),
    ).rejects.toThrow();
    await expect(asking.command({ query: "TRUNCATE TABLE orders" })).rejects.toMatchObject({ code: "164" });
    await asking.close();
  });

  it("takes a compressed request and gives a compressed answer", async () => {
    const asking = createClient({ url, compression: { request: true, response: true } });
    const rows = await asking.query({ query: "SELECT number FROM numbers(3)", format: "JSONCompactEachRow" });
    expect(await rows.json()).toEqual([["0"], ["1"], ["2"]].map(([n]) => [Number(n)]));
    await asking.close();
  });

  it("carries the HTTP warehouse and its lift report", async () => {
    const remote = openHttpWarehouse({
      url,
      user: "default",
      password: "",
      database: "default",
      queryTimeoutMs: 20_000,
      insertTimeoutMs: 20_000,
    });
    await remote.ping();
    const question = { experiment: "none", fromMs: 0, toMs: 1, asOfMs: 1, currency: "EUR" } as Parameters<
      typeof liftReport
    >[1];
    expect(await liftReport(remote, question)).toEqual(await liftReport(warehouse, question));
    await expect(remote.query("SELECT * FROM nothing")).rejects.toMatchObject({ clickhouseCode: 60 });
    await expect(remote.insert("orders", [ORDER], { deduplicationToken: "x" })).rejects.toMatchObject({
      code: "statement_refused",
      hint: "terminal",
    });
    await remote.close();
  });

  it("an HTTP warehouse says that nobody answers, or not in time", async () => {
    const options = { user: "default", password: "", database: "default", insertTimeoutMs: 1_000 };
    const nobody = openHttpWarehouse({ ...options, url: "http://127.0.0.1:1", queryTimeoutMs: 1_000 });
    await expect(nobody.ping()).rejects.toMatchObject({ code: "warehouse_unavailable", hint: "retry" });
    await nobody.close();
    await expect(nobody.ping()).rejects.toMatchObject({ code: "warehouse_closed", hint: "terminal" });
    const hasty = openHttpWarehouse({ ...options, url, queryTimeoutMs: 50 });
    const slow = "SELECT max(sipHash64(number)) FROM numbers(100000000000)";
    await expect(hasty.query(slow)).rejects.toMatchObject({ code: "warehouse_timeout", hint: "retry" });
    await hasty.close();
  });
});

describe("the protocol", () => {
  it("answers the forms that clients use", async () => {
    expect(await (await fetch(`${url}/ping`)).text()).toBe("Ok.\n");
    expect(await (await fetch(url)).text()).toBe("Ok.\n");
    expect(await said("SELECT 1, 'a'")).toBe("1\ta\n");
    expect(await (await fetch(url, { method: "POST", body: "SELECT 2" })).text()).toBe("2\n");
    expect(await (await fetch(`${url}/?query=SELECT+3`, { method: "POST", body: "FORMAT CSV" })).text()).toBe("3\n");
    const zipped = await fetch(url, {
      method: "POST",
      body: gzipSync("SELECT 4"),
      headers: { "content-encoding": "gzip" },
    });
    expect(await zipped.text()).toBe("4\n");
    expect(await said("SELECT {x:UInt8} + 1 AS y", { param_x: "4", default_format: "JSONEachRow" })).toBe('{"y":5}\n');
    expect(await said("SELECT currentDatabase()", { database: "system" })).toBe("system\n");
  });

  it("says what it gives in headers", async () => {
    const answer = await get("SELECT number FROM numbers(10) FORMAT JSONCompact", { query_id: "mine" });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/json; charset=UTF-8",
      "x-clickhouse-format": "JSONCompact",
      "x-clickhouse-query-id": "mine",
      "x-clickhouse-timezone": "UTC",
    });
    expect(JSON.parse(answer.headers.get("x-clickhouse-summary")!)).toMatchObject({ read_rows: "10" });
  });

  it.each([
    ["SELECT nope", 47, 404],
    ["SELECT * FROM nothing", 60, 404],
    ["SELECT FROM WHERE", 62, 400],
    ["SELECT 1; SELECT 2", 62, 400],
    ["SELECT max(sipHash64(number)) FROM numbers(100000000000)", 159, 408],
    ["SELECT repeat('x', 1000) FROM numbers(100000)", 396, 500],
    ["SELECT {x:UInt8}", 456, 500],
  ])("%s: error %i, status %i", async (query, code, status) => {
    const answer = await get(query);
    const text = await answer.text();
    expect([answer.headers.get("x-clickhouse-exception-code"), answer.status]).toEqual([String(code), status]);
    expect(text).toMatch(
      new RegExp(
        `^Code: ${String(code)}\\. DB::Exception: [\\s\\S]+ \\([A-Z_]+\\) \\(version [\\d.]+ \\(official build\\)\\)\\n$`,
      ),
    );
  });

  it("refuses what is too large or not spoken", async () => {
    expect((await fetch(url, { method: "POST", body: "x".repeat(20_000) })).status).toBe(413);
    const bomb = gzipSync("x".repeat(1_000_000));
    expect((await fetch(url, { method: "POST", body: bomb, headers: { "content-encoding": "gzip" } })).status).toBe(
      413,
    );
    expect((await fetch(url, { method: "POST", body: "x", headers: { "content-encoding": "zstd" } })).status).toBe(501);
    expect((await fetch(`${url}/?compress=1&query=SELECT+1`)).status).toBe(501);
    expect((await fetch(url, { method: "DELETE" })).status).toBe(405);
  });

  it("says in words that a port is taken", async () => {
    const again = await openSqlDoor({ warehouse, host: "127.0.0.1", port: door.port });
    expect(again).toMatchObject({ ok: false, error: { reason: "port_taken", field: "port" } });
  });
});

describe("reading only", () => {
  const outside = join(directory, "out.txt");

  it.each([
    "INSERT INTO orders (order_id) VALUES ('x')",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "DROP TABLE orders",
    "ALTER TABLE orders DELETE WHERE 1",
    "SET readonly = 0",
    "SET ROLE ALL",
    "USE system",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "EXECUTE AS default SELECT 1",
    "GRANT ALL ON *.* TO default",
    "BACKUP TABLE orders TO Disk('default', 'x')",
    "ATTACH TABLE x ENGINE = File(CSV)",
    "SELECT 1; DROP TABLE orders",
    `SELECT 1 INTO OUTFILE '${outside}'`,
    `SELECT 1 INTO/**/OUTFILE '${outside}' FORMAT CSV`,
    `EXPLAIN AST SELECT 1 INTO OUTFILE '${outside}'`,
    `SELECT file('${secret}')`,
    `SELECT \`file\` /* */ ('${secret}')`,
    `WITH (x -> file(x)) AS f SELECT f('${secret}')`,
    `SELECT * FROM file('${secret}', 'LineAsString')`,
    `SELECT * FROM \`${secret}\``,
    `SELECT * FROM '${secret}'`,
    `DESCRIBE TABLE file('${secret}')`,
    `SELECT * FROM fileCluster('default', '${secret}')`,
    "SELECT * FROM url('http://127.0.0.1:1/x', 'LineAsString')",
    "DESCRIBE TABLE url('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/x.csv')",
    "SELECT * FROM remote('127.0.0.1:1', 'default', 'orders')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/x.db', 't')",
    "SELECT * FROM executable('x.sh', 'CSV', 'a String')",
    `SELECT * APPLY(file) FROM (SELECT '${secret}' AS p)`,
    `SELECT * APPLY file FROM (SELECT '${secret}' AS p)`,
    `SELECT arrayMap(file, ['${secret}'])`,
    `EXPLAIN PLAN SELECT * APPLY(file) FROM (SELECT '${secret}' AS p)`,
    `SELECT * APPLY(FILE) FROM (SELECT '${secret}' AS p)`,
    `SELECT * APPLY/* */( -- here\n File) FROM (SELECT '${secret}' AS p)`,
    `SELECT * APPLY(\`file\`) FROM (SELECT '${secret}' AS p)`,
    `SELECT arrayMap("file", ['${secret}'])`,
    `SELECT arrayMap("fi\\x6ce", ['${secret}'])`,
    `SELECT COLUMNS('p') APPLY(x -> file(x)) FROM (SELECT '${secret}' AS p)`,
    "SELECT 1 AS file",
    `SELECT b FROM values('a String, b String ALIAS file(\\'${secret}\\')', ('x'))`,
    `SELECT b FROM generateRandom('a String, b String ALIAS file(\\'${secret}\\')') LIMIT 1`,
    `SELECT structureToCapnProtoSchema('a UInt8 DEFAULT file(\\'${secret}\\')')`,
    `SELECT * FROM eval('SELECT file(\\'${secret}\\')')`,
    `SELECT * FROM format(JSONEachRow, 'a String, b String ALIAS file(\\'${secret}\\')', '{"a":"x"}')`,
    "SELECT dictGetString('d', 'a', 1)",
    "SELECT aiGenerate('x')",
    "SELECT filesystemAvailable()",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 FORMAT CapnProto SETTINGS output_format_schema = '/x'",
  ])("%s is refused", async (query) => {
    const answer = await get(query);
    const text = await answer.text();
    expect([answer.ok, text.includes("top-secret")]).toEqual([false, false]);
    expect(readdirSync(directory)).not.toContain("out.txt");
    expect(readFileSync(secret, "utf8")).toBe("top-secret\n");
    expect(await warehouse.query("SELECT count() AS n FROM orders")).toEqual([{ n: "1" }]);
  });

  it.each([
    ["a table named by a parameter", "SELECT * FROM {t:Identifier}", { param_t: secret }],
    ["a function named by a parameter", `SELECT arrayMap({f:Identifier}, ['${secret}'])`, { param_f: "file" }],
    ["a function named by an escaped one", `SELECT arrayMap({f:Identifier}, ['${secret}'])`, { param_f: "fi\\x6ce" }],
    ["a setting that names a file", "SELECT 1", { format_schema: "/x", output_format_schema: "/x" }],
    ["readonly turned off in the address", "DROP TABLE orders", { readonly: "0" }],
    ["a parameter's name that breaks out", "SELECT 1", { "param_x = 1, readonly": "0" }],
    ["another database's name that breaks out", "SELECT 1", { database: "default`; DROP TABLE orders; --" }],
    ["a setting's value that breaks out", "SELECT 1", { session_timezone: "UTC'; DROP TABLE orders; --" }],
  ])("%s is refused", async (_, query, more) => {
    const answer = await get(query, more);
    const text = await answer.text();
    expect(text).not.toContain("top-secret");
    expect(await warehouse.query("SELECT count() AS n FROM orders")).toEqual([{ n: "1" }]);
    if (answer.ok) expect(text).toBe("1\n");
  });

  it("lets words through that only look like it", async () => {
    expect(await said("SELECT 'INTO OUTFILE', 'file(x)', 'file' AS words -- file(")).toBe(
      "INTO OUTFILE\tfile(x)\tfile\n",
    );
    expect(await said("SELECT profile, basename('a/file') FROM (SELECT 1 AS profile) /* file */")).toBe("1\tfile\n");
    expect(
      await said("SELECT {c:Identifier} FROM orders WHERE order_id = {o:String}", {
        param_c: "order_id",
        param_o: "file",
      }),
    ).toBe("");
    expect(await said("WITH 1 AS x SELECT x UNION ALL SELECT 2 ORDER BY 1")).toBe("1\n2\n");
    expect(await said("SHOW TABLES LIKE 'orders'")).toBe("orders\n");
    expect((await get("DESCRIBE TABLE orders")).ok).toBe(true);
    expect((await get("SHOW CREATE TABLE orders")).ok).toBe(true);
    expect((await get("EXPLAIN SELECT 1")).ok).toBe(true);
    expect(await said("EXISTS TABLE orders")).toBe("1\n");
  });

  it("says which name it refuses, and that no quotes help", async () => {
    const answer = await get("SELECT 1 AS `File`");
    expect([answer.status, answer.headers.get("x-clickhouse-exception-code")]).toEqual([403, "497"]);
    expect(await answer.text()).toContain("the name File is refused here");
  });

  it("refuses every table function of the engine that it does not know to be harmless", async () => {
    const functions = await warehouse.query<{ name: string }>("SELECT name FROM system.table_functions ORDER BY name");
    expect(functions.length).toBeGreaterThan(50);
    for (const { name } of functions) {
      if (ALLOWED_TABLE_FUNCTIONS.has(name.toLowerCase())) continue;
      expect([name, await said(`SELECT * FROM ${name}('${secret}')`)]).toEqual([
        name,
        expect.stringContaining(`the name ${name} is refused here`),
      ]);
    }
  });

  it("has looked at every function of the engine that could reach outside", async () => {
    const denied = await deniedNames(warehouse);
    const functions = await warehouse.query<{ name: string; categories: string }>(
      "SELECT name, categories FROM system.functions WHERE NOT is_aggregate AND alias_to = '' ORDER BY name",
    );
    const unknown = functions.filter(
      ({ name, categories }) =>
        !COMPUTING_CATEGORIES.has(categories) && !denied.has(name.toLowerCase()) && !HARMLESS_FUNCTIONS.has(name),
    );
    expect(unknown).toEqual([]);
  });

  it("refuses no name that a table or view of ours has", async () => {
    const denied = await deniedNames(warehouse);
    const names = await warehouse.query<{ name: string }>(
      "SELECT DISTINCT arrayJoin(splitByChar('.', name || '.' || table)) AS name FROM system.columns WHERE database = 'default'",
    );
    expect(names.filter(({ name }) => denied.has(name))).toEqual([]);
  });

  it("a client may ask for less, not for more", async () => {
    const value = async (more: Record<string, string>) =>
      (await said("SELECT getSetting('max_result_bytes'), getSetting('readonly')", more)).trim().split("\t");
    expect(await value({})).toEqual(["1000000", "1"]);
    expect(await value({ max_result_bytes: "0" })).toEqual(["1000000", "1"]);
    expect(await value({ max_result_bytes: "999999999", readonly: "2" })).toEqual(["1000000", "1"]);
    expect(await value({ max_result_bytes: "500000" })).toEqual(["500000", "1"]);
  });
});

describe("closing", () => {
  const opened = async () => {
    const result = await openSqlDoor({ warehouse, host: "127.0.0.1", port: 0, drainTimeoutMs: 20 });
    if (!result.ok) throw new Error(result.error.reason);
    return result.value;
  };

  it("does not wait for a request that never comes whole", async () => {
    const closing = await opened();
    const socket = connect(closing.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write("POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    await once(socket, "data"); // the door has begun to read it
    socket.write("SEL");
    const ended = once(socket, "close");
    await closing.close();
    await ended;
  });

  it("does not wait for a client that never reads its answer", async () => {
    const closing = await opened();
    const socket = connect(closing.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    const query = encodeURIComponent("SELECT repeat('x', 1000000) FROM numbers(60)");
    socket.write(`GET /?query=${query} HTTP/1.1\r\nHost: door\r\n\r\n`);
    const [head] = (await once(socket, "data")) as [Buffer];
    socket.pause(); // the answer has begun, and nobody takes the rest
    expect(head.toString("latin1")).toContain("Content-Length: 60000060");
    await closing.close();
    socket.destroy();
  });
});

it("reads while the same process writes", async () => {
  const writes = Array.from({ length: 5 }, (_, n) =>
    warehouse.insert("orders", [{ ...ORDER, order_id: `w${String(n)}` }], { deduplicationToken: `w${String(n)}` }),
  );
  const reads = Array.from({ length: 20 }, (_, n) =>
    said("SELECT {n:UInt8}, count() > 0 FROM orders", { param_n: String(n) }),
  );
  await Promise.all(writes);
  expect(await Promise.all(reads)).toEqual(
    Array.from({ length: 20 }, (_, n) => `${String(n)}\ttrue\n`.replace("true", "1")),
  );
  expect(await said("SELECT count() FROM orders WHERE order_id LIKE 'w%'")).toBe("5\n");
});

const PYTHON = process.env["LEASTWISE_PYTHON"] ?? "python3";
const hasConnect = spawnSync(PYTHON, ["-c", "import clickhouse_connect"]).status === 0;
if (!hasConnect)
  process.stderr.write(
    "left out: clickhouse-connect against the SQL door (python3 cannot import clickhouse_connect)\n",
  );

(hasConnect ? it : it.skip)("serves Python's clickhouse-connect", async () => {
  const script = `
import clickhouse_connect
c = clickhouse_connect.get_client(host="127.0.0.1", port=${String(door.port)})
print(c.query("SELECT order_id, revenue_minor, ordered_at FROM orders WHERE order_id = {o:String}", parameters={"o": "o"}).result_rows[0][:2])
print(c.command("SELECT count() FROM numbers(3)"))
try:
    c.command("DROP TABLE orders")
except Exception as e:
    print("refused", "164" in str(e))
`;
  const file = join(directory, "ask.py");
  writeFileSync(file, script);
  const { spawn } = await import("node:child_process");
  const python = spawn(PYTHON, [file]);
  let out = "";
  python.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  python.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => python.once("close", resolve));
  expect(out).toBe("('o', 4750)\n3\nrefused True\n");
});
