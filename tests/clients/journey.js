// What every client does: a query, a mutation, and a subscription that sees the mutation after it.
import assert from 'node:assert/strict';

export const [url, token] = process.argv.slice(2);
export const socketUrl = url.replace('http', 'ws') + '/ws';
export const headers = { authorization: `Bearer ${token}` };

export const QUERY = 'query Me { me { actor } }';
export const MUTATION =
  'mutation Capture($input: CaptureLeadInput!) { captureLead(input: $input) { localId cursor userErrors { message } } }';
export const SUBSCRIPTION =
  'subscription Events($after: Cursor) { events(after: $after, filter: { types: ["lead.*"] }) ' +
  '{ __typename ... on Event { cursor type stream { id } } ... on CaughtUp { cursor } ... on Heartbeat { cursor } } }';

export const capture = (id) => ({ input: { id, vertical: 'sales', source: 'clients' } });

const PATIENCE_MS = 30_000;
const impatience = setTimeout(() => {
  console.error(`${process.argv[1]}: nothing happened for ${PATIENCE_MS} ms`);
  process.exit(1);
}, PATIENCE_MS);
impatience.unref();

/** Calls back with each event until it returns true; the signs between them are left out. */
export const until = (subscribe, isLast) =>
  new Promise((resolve, reject) => {
    const events = [];
    const stop = subscribe({
      next: (data) => {
        try {
          if (data.events.__typename !== 'Event') return;
          events.push(data.events);
          if (!isLast(data.events)) return;
        } catch (error) {
          reject(error);
          return;
        }
        resolve(events);
        queueMicrotask(() => stop());
      },
      error: (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: () => {},
    });
  });

/** `query(document)` and `mutate(document, variables)` give data, `subscribe(document, variables, sink)` a stop. */
export const journey = async (name, { query, mutate, subscribe }) => {
  assert.equal((await query(QUERY)).me.actor, 'api_key:clients', name);
  const first = (await mutate(MUTATION, capture(`${name}-1`))).captureLead;
  assert.deepEqual([first.localId, first.userErrors], [`${name}-1`, []], name);
  const seen = until(
    (sink) => subscribe(SUBSCRIPTION, { after: first.cursor }, sink),
    (event) => event.stream.id === `${name}-2`,
  );
  await mutate(MUTATION, capture(`${name}-2`));
  const events = await seen;
  assert.deepEqual(
    events.map((event) => event.stream.id),
    [`${name}-2`],
    name,
  );
  console.log(`${name}: query, mutation and subscription`);
};
