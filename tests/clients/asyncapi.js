// Parses an AsyncAPI document: asyncapi.js FILE. It fails when the parser has anything to say about it.
import fs from 'node:fs';
import parser from '@asyncapi/parser';

const text = fs.readFileSync(process.argv[2], 'utf8');
const { document, diagnostics } = await new parser.Parser().parse(text);
for (const told of diagnostics) {
    console.error(`${told.code} at ${told.path.join('/')}: ${told.message}`);
}
if (!document || diagnostics.length > 0) {
    process.exit(1);
}
const [channels, messages] = [document.channels().all(), document.messages().all()];
console.log(`${document.version()}: ${channels.length} channels, ${messages.length} messages`);
