/** The role under which the SQL door asks: reads this database, and no file, no address, no other source. */
export const READER_ROLE = "reader";

/** The one database of the engine in process. */
export const EMBEDDED_DATABASE = "default";

/**
 * Who may do what in the engine in process. Its one user has two roles: all sessions begin with both, the door's give up the
 * writer's. Under the reader's grants the engine itself refuses the table functions that reach outside (`file`, `url`, `s3`,
 * …): they need a grant on their source.
 */
export function accessXml(): string {
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
    <writer><grants><query>GRANT ALL ON *.*</query></grants></writer>
    <${READER_ROLE}>
      <grants>
        <query>GRANT SELECT, SHOW ON ${EMBEDDED_DATABASE}.*</query>
        <query>GRANT SHOW ON system.*</query>
        <query>GRANT SHOW ON information_schema.*</query>
      </grants>
    </${READER_ROLE}>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT writer, ${READER_ROLE}</query></grants>
    </default>
  </users>
</clickhouse>
`;
}

/** The engine's configuration, which only says where {@link accessXml} stands. */
export function configXml(accessPath: string): string {
  const path = accessPath.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<clickhouse><users_config>${path}</users_config></clickhouse>\n`;
}
