// A plain EventSource: its connection breaks after the first event, and it goes on behind it by Last-Event-ID.
import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';
import { MUTATION, SUBSCRIPTION, capture, headers, url } from './journey.js';

const mutate = async (id) => {
  const body = JSON.stringify({ query: MUTATION, variables: capture(id) });
  const sent = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  });
  return (await sent.json()).data.captureLead.cursor;
};

// The response's body ends behind the first event, whatever came with it.
const cut = (body) => {
  let text = '';
  const decoder = new TextDecoder();
  return body.pipeThrough(
    new TransformStream({
      transform: (chunk, controller) => {
        const seen = text.length;
        text += decoder.decode(chunk, { stream: true });
        const event = text.indexOf('event: next');
        const end = event < 0 ? -1 : text.indexOf('\n\n', event);
        controller.enqueue(new TextEncoder().encode(text.slice(seen, end < 0 ? undefined : end + 2)));
        if (end >= 0) controller.terminate();
      },
    }),
  );
};

const first = await mutate('event-source-1');
for (const id of [2, 3, 4]) await mutate(`event-source-${id}`);
const parameters = new URLSearchParams({ query: SUBSCRIPTION, variables: JSON.stringify({ after: first }) });
const sentIds = [];
const source = new EventSource(`${url}?${parameters}`, {
  fetch: async (input, init) => {
    sentIds.push(init.headers['Last-Event-ID']);
    const response = await fetch(input, { ...init, headers: { ...init.headers, ...headers } });
    if (sentIds.length > 1) return response;
    return new Response(cut(response.body), { status: response.status, headers: response.headers });
  },
});
const events = [];
await new Promise((resolve) => {
  source.addEventListener('next', (event) => {
    const { data } = JSON.parse(event.data);
    assert.equal(event.lastEventId, data.events.cursor);
    if (data.events.__typename !== 'Event') return;
    events.push(data.events);
    if (events.length === 3) resolve();
  });
});
source.close();
assert.deepEqual(
  events.map((event) => event.stream.id),
  ['event-source-2', 'event-source-3', 'event-source-4'],
);
assert.equal(sentIds[0], undefined);
assert.deepEqual(sentIds.slice(1), [events[0].cursor]);
console.log(`EventSource: resumed after ${sentIds.length - 1} break`);
