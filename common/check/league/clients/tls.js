// A TLS client on Node: `tls.connect` and `pipeline`, as Node's documentation has them. It prints what the server sends.
//
//     node tls.js HOST PORT CA
const fs = require('fs');
const { pipeline } = require('stream');
const tls = require('tls');

const [host, port, ca] = process.argv.slice(2);
const socket = tls.connect({ host, port, ca: fs.readFileSync(ca) });
pipeline(socket, process.stdout, (error) => {
  if (error) throw error;
});
