// Appends one event a command to Emmett's PostgreSQL store, each to a new stream, until the time is over; prints
// how many a second: node emmett.mjs URL WRITERS MILLISECONDS FILLER

import { STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

const [url, ...numbers] = process.argv.slice(2);
const [writers, milliseconds, filler] = numbers.map(Number);
const store = getPostgreSQLEventStore(url);
await store.schema.migrate();

const captured = {
  type: 'lead.captured',
  data: { vertical: 'sales', source: 'x'.repeat(filler), captured_at: '2026-03-02T12:00:00Z' },
};
let streams = 0;
const begun = performance.now();
const write = async () => {
  while (performance.now() - begun < milliseconds) {
    const name = `lead-${streams++}`;
    await store.appendToStream(name, [captured], { expectedStreamVersion: STREAM_DOES_NOT_EXIST });
  }
};
await Promise.all(Array.from({ length: writers }, write));
console.log(Math.floor((streams * 1000) / (performance.now() - begun)));
await store.close();
