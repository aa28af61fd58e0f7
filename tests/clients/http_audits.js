// The audits of GraphQL over HTTP that the npm package graphql-http brings, against a running server.
// Usage: node http_audits.js <url> <token>
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

let failed = 0;
const audits = serverAudits({ url, fetchFn });
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') {
    failed += 1;
    const body = await result.response?.text().catch(() => '');
    console.error(`${audit.id} ${audit.name}: ${result.reason}\n  ${result.response?.status} ${body}`);
  }
}
console.log(`${audits.length - failed} of ${audits.length} audits passed`);
process.exit(failed === 0 && audits.length === 61 ? 0 : 1);
