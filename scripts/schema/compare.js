// Compares two schemas. A change that breaks clients must stand in docs/schema-changes.md, word for word.
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { CriticalityLevel, diff } from '@graphql-inspector/core';

const [before, after, acknowledged] = process.argv.slice(2);
const schema = (path) => buildSchema(readFileSync(path, 'utf8'));
const lines = readFileSync(acknowledged, 'utf8').split('\n');
const known = new Set(lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2).trim()));

const changes = await diff(schema(before), schema(after));
const breaking = changes.filter((change) => change.criticality.level === CriticalityLevel.Breaking);
const unknown = breaking.map((change) => change.message.replaceAll('\n', ' ')).filter((message) => !known.has(message));
if (unknown.length > 0) {
  console.error('These changes of schema.graphql break clients:');
  for (const message of unknown) console.error(`- ${message}`);
  console.error('Keep what clients use and deprecate it, or, if it is meant, add the lines to docs/schema-changes.md.');
  process.exit(1);
}
console.log(`schema.graphql: ${changes.length} changes, ${breaking.length} of them breaking and acknowledged`);
