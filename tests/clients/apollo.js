// @apollo/client: HTTP with automatic persisted queries, subscriptions over the WebSocket and as multipart.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { headers, journey, socketUrl, url } from './journey.js';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const http = new HttpLink({ uri: url, headers });
const persisted = new PersistedQueryLink({ sha256 }).concat(http);
const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
const options = { fetchPolicy: 'no-cache' };

const run = async (name, link) => {
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const data = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  await journey(name, {
    query: async (query) => data(await client.query({ query: gql(query), ...options })),
    mutate: async (mutation, variables) =>
      data(await client.mutate({ mutation: gql(mutation), variables, ...options })),
    subscribe: (query, variables, sink) => {
      const observable = client.subscribe({ query: gql(query), variables, ...options });
      const running = observable.subscribe({
        ...sink,
        next: (result) => (result.error ? sink.error(result.error) : sink.next(result.data)),
      });
      return () => running.unsubscribe();
    },
  });
  client.stop();
};

const isSubscription = ({ operationType }) => operationType === 'subscription';
await run('apollo-ws', ApolloLink.split(isSubscription, new GraphQLWsLink(socket), persisted));
await run('apollo-multipart', http);
await socket.dispose();
process.exit(0);
