// standardwebhooks (npm): a receiver that verifies what comes with the secrets that it is told, one a line.
import { createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';

const secrets = [];

// The package knows `v1` alone: `v1a` is verified as the specification says.
const verifyWithPublicKey = (secret, body, headers) => {
  const raw = Buffer.from(secret.slice('whpk_'.length), 'base64');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  const message = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  const signatures = headers['webhook-signature'].split(' ').filter((signature) => signature.startsWith('v1a,'));
  if (!signatures.some((signature) => verify(null, message, key, Buffer.from(signature.slice(4), 'base64')))) {
    throw new Error('No matching signature found');
  }
};

const judge = (secret, body, headers) => {
  try {
    if (secret.startsWith('whpk_')) verifyWithPublicKey(secret, body, headers);
    else new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const verified = secrets.map((secret) => judge(secret, body, request.headers));
    console.log(JSON.stringify({ verified, headers: request.headers, body: JSON.parse(body) }));
    response.writeHead(verified.some(Boolean) ? 204 : 401).end();
  });
});
createInterface({ input: process.stdin })
  .on('line', (line) => {
    secrets.push(line);
    console.log(JSON.stringify({ secrets: secrets.length }));
  })
  .on('close', () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
