// What Lambda loads of a function for which a person waits. Before the first call it opens the connection to the table by one read of nothing:
// Lambda gives a whole processor while it loads a function and a share of one from the first call on (AWS, "Lambda execution environment").
// Not an import, because an ES module that imports a CommonJS one has it parsed for its exports first.
const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
export const { handler } = require('./index.js');
await handler.start();
