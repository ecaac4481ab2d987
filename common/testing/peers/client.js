// A TLS client on Node: stdin goes to the server, its answer to stdout, and a report to stderr.
//
//     node client.js PORT VERSION [certificate] [resume]
const fs = require('fs');
const tls = require('tls');

const [port, version, ...flags] = process.argv.slice(2);
const options = { host: '127.0.0.1', port, servername: 'localhost', minVersion: version, maxVersion: version };
options.ca = fs.readFileSync('ca.pem');
if (flags.includes('certificate')) {
  options.cert = fs.readFileSync('client.pem');
  options.key = fs.readFileSync('client-key.pem');
}

function connect(session) {
  const socket = tls.connect({ ...options, session }, () => {
    console.error('authorized:', socket.authorized);
    console.error('resumed:', socket.isSessionReused());
  });
  socket.on('end', () => console.error('the server sent close_notify'));
  socket.on('close', (hadError) => console.error('closed, error:', hadError));
  return socket;
}

function talk(session) {
  const socket = connect(session);
  process.stdin.pipe(socket); // closes the socket at the end of stdin
  socket.pipe(process.stdout);
  socket.on('end', () => process.stdin.destroy());
}

// Runs a first session for its ticket, which arrives before the greeting.
function talkLater() {
  const socket = connect();
  let ticket;
  socket.on('session', (session) => (ticket = session));
  socket.once('data', () => socket.end());
  socket.on('close', () => talk(ticket));
}

if (flags.includes('resume')) talkLater();
else talk();
