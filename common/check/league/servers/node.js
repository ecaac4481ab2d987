// A TLS echo server on Node: `tls.createServer` with `pipe`, as Node's documentation has it.
//
//     node node.js PORT CERTIFICATE KEY
//
// One line is more than the documentation has: the listener that prints a socket's errors. A socket without a listener
// ends the process with its first error, unless `pipe` has added one.
const fs = require('fs');
const tls = require('tls');

const [port, certificate, key] = process.argv.slice(2);
const options = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };

const server = tls.createServer(options, (socket) => {
  socket.on('error', (error) => console.error('session failed:', error.message));
  socket.pipe(socket);
});
server.listen(port, '127.0.0.1', () => console.log('listening'));
