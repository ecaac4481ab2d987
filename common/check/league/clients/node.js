// A TLS client on Node: stdin goes to the server, and the server's answer to stdout.
//
//     node node.js HOST PORT CA <message
const fs = require('fs');
const tls = require('tls');

const [host, port, ca] = process.argv.slice(2);
const socket = tls.connect({ host, port, ca: fs.readFileSync(ca), servername: 'localhost' });
process.stdin.pipe(socket); // sends close_notify at the end of stdin
socket.pipe(process.stdout);
