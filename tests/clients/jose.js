// jose: an identity provider with all three kinds of keys, whose tokens open the gateway over TLS.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:tls';
import { createClient } from 'graphql-ws';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import WebSocket from 'ws';

const [url, admin, issuer, certificate] = process.argv.slice(2);
const { port } = new URL(issuer);
setTimeout(() => {
  console.error('jose.js: nothing happened for 60 s');
  process.exit(1);
}, 60_000).unref();

const keys = {};
for (const alg of ['RS256', 'ES256', 'EdDSA']) keys[alg] = await generateKeyPair(alg, { extractable: true });
const published = await Promise.all(
  Object.entries(keys).map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' })),
);
const server = createServer((_, response) => response.end(JSON.stringify({ keys: published })));
await new Promise((listening) => server.listen(Number(port), '127.0.0.1', listening));

const token = (alg, roles, change = (jwt) => jwt) =>
  change(
    new SignJWT({ organization: ['shop'], realm_access: { roles } })
      .setProtectedHeader({ alg, kid: alg })
      .setIssuer(issuer)
      .setAudience('annals')
      .setSubject(`ada-${alg}`)
      .setIssuedAt()
      .setExpirationTime('5m'),
  ).sign(keys[alg].privateKey);

const ask = async (bearer, query, variables) => {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return { status: response.status, headers: response.headers, ...(await response.json()) };
};

const settings = { name: 'shop', timeZone: 'UTC', currency: 'EUR' };
const provisioned = await ask(
  admin,
  'mutation ($input: ProvisionTenantInput!) { provisionTenant(input: $input) { localId userErrors { message } } }',
  { input: { slug: 'shop', settings } },
);
assert.deepEqual(provisioned.data.provisionTenant.userErrors, []);
assert.equal(provisioned.headers.get('strict-transport-security'), 'max-age=31536000');

for (const alg of Object.keys(keys)) {
  const { data } = await ask(await token(alg, ['offline_access', 'clerk']), '{ me { actor tenantId roles } }');
  assert.deepEqual(data.me, { actor: `user:ada-${alg}`, tenantId: provisioned.data.provisionTenant.localId, roles: ['MEMBER'] });
}
const analyst = await ask(await token('ES256', ['analyst']), '{ members(first: 1) { nodes { id } } }');
assert.deepEqual([analyst.status, analyst.errors[0].extensions.code], [403, 'FORBIDDEN']);
for (const [change, why] of [
  [(jwt) => jwt.setExpirationTime('-5m'), 'expired'],
  [(jwt) => jwt.setNotBefore('5m'), 'not valid yet'],
  [(jwt) => jwt.setAudience('others'), 'audience'],
  [(jwt) => jwt.setIssuer('https://evil.example'), 'issuer'],
]) {
  const refused = await ask(await token('RS256', ['clerk'], change), '{ me { actor } }');
  assert.equal(refused.status, 401);
  assert.match(refused.errors[0].message, new RegExp(why));
}

// The same over a WebSocket in TLS.
const connectionParams = { authorization: `Bearer ${await token('EdDSA', ['auditor'])}` };
const client = createClient({ url: url.replace('https', 'wss') + '/ws', webSocketImpl: WebSocket, connectionParams });
const clerk = await token('RS256', ['clerk']);
const capture =
  'mutation { captureLead(input: { id: "tls-1", vertical: "sales", source: "jose" }) { cursor userErrors { message } } }';
const first = await ask(clerk, capture.replace('tls-1', 'tls-0'));
const after = first.data.captureLead.cursor;
await ask(clerk, capture);
const events = client.iterate({
  query: 'subscription ($after: Cursor) { events(after: $after, filter: { types: ["lead.*"] }) { ... on Event { stream { id } actorId } } }',
  variables: { after },
});
const { value } = await events.next();
assert.deepEqual(value.data.events, { stream: { id: 'tls-1' }, actorId: 'ada-RS256' });
await events.return();
await client.dispose();

// A client that does not know the certificate turns away, and the one that is shown is ours.
const shown = await new Promise((resolve, reject) => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port, rejectUnauthorized: false }, () => {
    resolve([socket.getPeerX509Certificate().toString(), socket.getProtocol()]);
    socket.end();
  });
  socket.on('error', reject);
});
const { readFile } = await import('node:fs/promises');
assert.deepEqual(shown, [await readFile(certificate, 'utf8'), 'TLSv1.3']);
server.close();
console.log('jose: three kinds of keys, five refusals, TLS, a WebSocket in it');
process.exit(0);
