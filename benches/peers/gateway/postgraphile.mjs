// Serves a database's tables by PostGraphile 5 on a free port, which it prints: node postgraphile.mjs URL CONNECTIONS

import { createServer } from 'node:http';

import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

const [connectionString, connections] = process.argv.slice(2);
const preset = {
  extends: [PostGraphileAmberPreset],
  // All columns may be filtered by: some are the second of an index.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ connectionString, schemas: ['public'], poolConfig: { max: Number(connections) } })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
};

const server = createServer();
const serving = postgraphile(preset).createServ(grafserv);
await serving.addTo(server);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
