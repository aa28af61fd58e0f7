// @urql/core: HTTP, subscriptions over the WebSocket and as server-sent events.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { headers, journey, socketUrl, url } from './journey.js';

const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
const overSocket = subscriptionExchange({
  forwardSubscription: ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  }),
});

const run = async (name, options) => {
  const client = new Client({ url, fetchOptions: { headers }, requestPolicy: 'network-only', ...options });
  const data = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  await journey(name, {
    query: async (query) => data(await client.query(query, {}).toPromise()),
    mutate: async (mutation, variables) => data(await client.mutation(mutation, variables).toPromise()),
    subscribe: (query, variables, sink) => {
      const running = client.subscription(query, variables).subscribe((result) => {
        if (result.error) sink.error(result.error);
        else sink.next(result.data);
      });
      return () => running.unsubscribe();
    },
  });
};

// When a subscription is left while its answer is being read, urql's own abort can end in nobody's hands.
process.on('unhandledRejection', (error) => {
  if (error?.name !== 'AbortError') throw error;
});
await run('urql-ws', { exchanges: [overSocket, fetchExchange] });
await run('urql-sse', { exchanges: [fetchExchange], fetchSubscriptions: true });
await run('urql-get', { exchanges: [fetchExchange], fetchSubscriptions: true, preferGetMethod: 'force' });
await socket.dispose();
process.exit(0);
