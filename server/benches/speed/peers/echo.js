// A TLS echo server: node echo.js --cert FILE --key FILE --listen ADDRESS:PORT
const fs = require('node:fs');
const tls = require('node:tls');
const { parseArgs } = require('node:util');

const text = { type: 'string' };
const { values } = parseArgs({ options: { cert: text, key: text, listen: text } });
const [address, port] = values.listen.split(':');
const options = {
  cert: fs.readFileSync(values.cert),
  key: fs.readFileSync(values.key),
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_256_GCM_SHA384',
  ecdhCurve: 'X25519',
};

const server = tls.createServer(options, (socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {}); // an error ends this client only
  socket.pipe(socket);
});
server.on('tlsClientError', () => {});
server.listen(Number(port), address);
