// graphql-ws: everything over one WebSocket.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { headers, journey, socketUrl } from './journey.js';

const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
const data = ({ data, errors }) => {
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};
const once = async (query, variables) => {
  for await (const result of client.iterate({ query, variables })) return data(result);
};
await journey('graphql-ws', {
  query: once,
  mutate: once,
  subscribe: (query, variables, sink) =>
    client.subscribe({ query, variables }, { ...sink, next: (result) => sink.next(data(result)) }),
});
await client.dispose();
