// A TLS echo server on Node: pipes the socket into itself. The line CLOSE makes it close first.
//
//     node server.js VERSION [certificate]
const fs = require('fs');
const tls = require('tls');

const [version, flag] = process.argv.slice(2);
const options = { minVersion: version, maxVersion: version };
options.cert = fs.readFileSync('server.pem');
options.key = fs.readFileSync('server-key.pem');
if (flag === 'certificate') {
  options.ca = fs.readFileSync('ca.pem');
  options.requestCert = true; // rejectUnauthorized is the default
}

const server = tls.createServer(options, (socket) => {
  console.error('resumed:', socket.isSessionReused());
  console.error('authorized:', socket.authorized);
  socket.pipe(socket);
  socket.on('data', (data) => {
    if (data.equals(Buffer.from('CLOSE\n'))) socket.end();
  });
  socket.on('end', () => console.error('the client sent close_notify'));
  socket.on('close', (hadError) => console.error('closed, error:', hadError));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on port:${server.address().port}`));
