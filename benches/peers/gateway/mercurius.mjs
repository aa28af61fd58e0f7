// Serves audit entries by mercurius with its JIT on a free port, which it prints: node mercurius.mjs URL CONNECTIONS
// The rows come from the same table as ours by a prepared statement; the actor by a loader, one statement a request.

import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const [connectionString, connections] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: Number(connections) });

const schema = `
  type Actor { id: ID! name: String! }
  type Entry { eventId: ID! action: String! occurredAt: String! entityId: ID! actorId: String! actor: Actor }
  type Query { entries(tenant: ID!, first: Int!, action: String!): [Entry!]! }
`;

const entries = `
  select event_id as "eventId", action, occurred_at as "occurredAt", entity_id as "entityId", actor_id as "actorId",
    tenant_id as "tenantId"
  from audit_feed
  where tenant_id = $1 and action = $2
  order by position
  limit $3`;
const actors = `
  select tenant_id as "tenantId", id, name
  from api_key
  where (tenant_id, id) in (select * from unnest($1::text[], $2::text[]))`;

const app = Fastify();
app.register(mercurius, {
  schema,
  resolvers: {
    Query: {
      entries: async (_, { tenant, first, action }) =>
        (await pool.query({ name: 'entries', text: entries, values: [tenant, action, first] })).rows,
    },
    Entry: { occurredAt: (entry) => entry.occurredAt.toISOString() },
  },
  loaders: {
    Entry: {
      async actor(queries) {
        const keys = queries.map(({ obj }) => obj);
        const values = [keys.map((key) => key.tenantId), keys.map((key) => key.actorId)];
        const { rows } = await pool.query({ name: 'actors', text: actors, values });
        const found = new Map(rows.map((row) => [`${row.tenantId}/${row.id}`, row]));
        return keys.map((key) => found.get(`${key.tenantId}/${key.actorId}`) ?? null);
      },
    },
  },
  jit: 1,
  graphiql: false,
});
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(app.server.address().port);
