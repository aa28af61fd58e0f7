// Serves two lists of a database by mercurius with its JIT on a free port, which it prints: node mercurius.mjs URL CONNECTIONS TENANT
// Each list is one statement; the agents of a page of runs are loaded by one more.

import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const [connectionString, connections, tenant] = process.argv.slice(2);
// Moments and large numbers as the texts that they come as: nothing is made of them that is not asked for.
for (const type of [20, 1184]) pg.types.setTypeParser(type, (text) => text);
const pool = new pg.Pool({ connectionString, max: Number(connections) });
const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const schema = `
  type AuditEntry { eventId: ID! occurredAt: String! actorId: String! action: String! }
  type AuditFeed { nodes: [AuditEntry!]! }
  type Agent { name: String! }
  type AgentRun { localId: ID! status: String! startedAt: String! vertical: String! agent: Agent }
  type AgentRuns { nodes: [AgentRun!]! }
  type Query { auditFeed(first: Int!): AuditFeed! agentRuns(first: Int!): AgentRuns! }
`;
const feed = `select event_id as "eventId", occurred_at as "occurredAt", actor_id as "actorId", action
  from audit_feed where tenant_id = $1 order by position limit $2`;
const runs = `select id as "localId", status, created_at as "startedAt", vertical, agent as "agentId"
  from agent_run where tenant_id = $1 order by created_at desc, id desc limit $2`;
const agents = `select id, name from agent where tenant_id = $1 and id = any($2)`;

const app = Fastify();
await app.register(mercurius, {
  schema,
  jit: 1,
  resolvers: {
    Query: {
      auditFeed: async (_, { first }) => ({ nodes: await rows('feed', feed, [tenant, first]) }),
      agentRuns: async (_, { first }) => ({ nodes: await rows('runs', runs, [tenant, first]) }),
    },
  },
  loaders: {
    AgentRun: {
      agent: {
        async loader(queries) {
          const ids = [...new Set(queries.map(({ obj }) => obj.agentId))];
          const found = new Map((await rows('agents', agents, [tenant, ids])).map((row) => [row.id, row]));
          return queries.map(({ obj }) => found.get(obj.agentId));
        },
        opts: { cache: false },
      },
    },
  },
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
