// Appends events to Emmett's PostgreSQL store, one a call, each to a new stream, and counts and sums them by meter and
// day; prints how many a second until all is done, and how many it counted:
// node emmett_projection.mjs URL inline|async|rebuild WRITERS EVENTS

import { STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import {
  getPostgreSQLEventStore,
  postgreSQLRawSQLProjection,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql';
import { rawSql } from '@event-driven-io/dumbo';
import pg from 'pg';

const [url, mode, ...numbers] = process.argv.slice(2);
const [writers, events] = numbers.map(Number);

const projection = postgreSQLRawSQLProjection({
  name: 'rollup',
  canHandle: ['used'],
  evolve: ({ data: { meter, day, quantity } }) =>
    rawSql(`insert into rollup values ('${meter}', ${Number(day)}, 1, ${Number(quantity)})
      on conflict (meter, day) do update
      set records = rollup.records + 1, quantity = rollup.quantity + excluded.quantity`),
});
const pool = new pg.Pool({ connectionString: url, max: 1 });
await pool.query(
  'create table rollup (meter text, day int, records bigint not null, quantity numeric not null, primary key (meter, day))',
);
const projections = mode === 'inline' ? [{ type: 'inline', projection }] : [];
const store = getPostgreSQLEventStore(url, { projections });
await store.schema.migrate();

const counted = async () => {
  const { rows } = await pool.query('select coalesce(sum(records), 0)::int as records from rollup');
  return rows[0].records;
};
const used = (number) => ({
  type: 'used',
  data: {
    meter: `meter-${number % 4}`,
    day: Math.floor(number / 4) % 30,
    quantity: number,
    model: 'x'.repeat(60),
    customer: `${number % 1000}`,
  },
});
let next = 0;
const write = async () => {
  while (next < events) {
    const number = next++;
    await store.appendToStream(`usage-${number}`, [used(number)], { expectedStreamVersion: STREAM_DOES_NOT_EXIST });
  }
};
const writeAll = () => Promise.all(Array.from({ length: writers }, write));

let [begun, done, records] = [performance.now(), 0, 0];
if (mode === 'inline') {
  await writeAll();
  [done, records] = [performance.now(), await counted()];
} else if (mode === 'rebuild') {
  await writeAll();
  begun = performance.now();
  const consumer = rebuildPostgreSQLProjections({
    connectionString: url,
    projections: [{ projection, truncateOnStart: false }],
  });
  await consumer.start();
  [done, records] = [performance.now(), await counted()];
  await consumer.close();
} else {
  const consumer = store.consumer();
  consumer.projector({ projection, processorId: 'rollup' });
  const consuming = consumer.start();
  await writeAll();
  // All are counted, or none was for three seconds.
  done = performance.now();
  while (records < events && performance.now() - done < 3000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = await counted();
    if (now > records) [done, records] = [performance.now(), now];
  }
  await consumer.close();
  await consuming;
}
console.log(`${Math.floor((records * 1000) / (done - begun))} ${records}`);
await store.close();
await pool.end();
process.exit(0);
