// Serves one topic by graphql-yoga with graphql-ws on a free port, which it prints: node yoga.mjs
// A POST to /publish sends a number of events to whoever subscribes.

import { createServer } from 'node:http';

import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

const pubSub = createPubSub();
let subscribers = 0;
const schema = createSchema({
  typeDefs: `
    type Event { cursor: ID! type: String! occurredAt: String! actorId: String! }
    type Query { ready: Boolean! }
    type Subscription { events: Event! }
  `,
  resolvers: {
    Query: { ready: () => true },
    Subscription: { events: { subscribe: () => {
          subscribers += 1;
          return pubSub.subscribe('events');
        }, resolve: (event) => event } },
  },
});
const yoga = createYoga({ schema, graphiql: false, logging: false });

let published = 0;
const server = createServer((request, response) => {
  if (request.url?.startsWith('/publish/')) {
    const count = Number(request.url.slice('/publish/'.length));
    for (let left = count; left > 0; left -= 1) {
      published += 1;
      pubSub.publish('events', {
        cursor: `position-${published}`,
        type: 'usage.tokens.input',
        occurredAt: '2026-03-02T12:00:00Z',
        actorId: '01K00000000000000000000000',
      });
    }
    response.end('published');
    return;
  }
  if (request.url === '/subscribers') {
    response.end(`subscribers ${subscribers}\n`);
    return;
  }
  yoga(request, response);
});

// As graphql-yoga's documentation joins the two.
useServer(
  {
    execute: (given) => given.rootValue.execute(given),
    subscribe: (given) => given.rootValue.subscribe(given),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const given = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(given.schema, given.document);
      return errors.length > 0 ? errors : given;
    },
  },
  new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
