// graphql-sse in its distinct connections mode.
import { createClient } from 'graphql-sse';
import { headers, journey, url } from './journey.js';

const client = createClient({ url, headers, retryAttempts: 0 });
const data = ({ data, errors }) => {
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};
const once = async (query, variables) => {
  for await (const result of client.iterate({ query, variables })) return data(result);
};
await journey('graphql-sse', {
  query: once,
  mutate: once,
  subscribe: (query, variables, sink) =>
    client.subscribe({ query, variables }, { ...sink, next: (result) => sink.next(data(result)) }),
});
client.dispose();
