// Lets Graphviz read a graph in the DOT language from standard input and lay it out; tells how much it has drawn.
import fs from 'node:fs';
import { Graphviz } from '@hpcc-js/wasm-graphviz';

const graphviz = await Graphviz.load();
const drawn = JSON.parse(graphviz.layout(fs.readFileSync(0, 'utf8'), 'json', 'dot'));
console.log(JSON.stringify({ nodes: (drawn.objects ?? []).length, edges: (drawn.edges ?? []).length }));
