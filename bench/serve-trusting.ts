// The whole program, but for one thing: what a token stands for is looked up once and then remembered. For measuring only.
import { createPortico } from '../src/app/create-portico.ts';
import { loadConfig } from '../src/config/config.ts';
import { createLogger } from '../src/log/logger.ts';

const config = loadConfig(process.env);
const portico = await createPortico(config, createLogger(config.logLevel));
const { db } = portico.plan;
const read = db.read.bind(db);
const known = new Map<unknown, unknown>();
const remembering: typeof db.read = <Row extends readonly unknown[]>(
  query: Parameters<typeof db.read>[0],
) => {
  if (!query.sql.includes('"oauth_record" as "token"')) return read<Row>(query);
  const [, , token] = query.parameters;
  if (!known.has(token)) known.set(token, read<Row>(query));
  return known.get(token) as ReturnType<typeof read<Row>>;
};
Object.assign(db, { read: remembering });
await portico.listen();
process.on('SIGTERM', () => void portico.close().then(() => process.exit(0)));
