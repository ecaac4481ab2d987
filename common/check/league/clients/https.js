// An HTTPS client on Node: `https.get` and `pipeline`, as Node's documentation has them. It prints the body.
//
//     node https.js HOST PORT CA
//
// With `response.pipe(process.stdout)` instead of `pipeline`, the program would not hear of an answer that breaks off.
const fs = require('fs');
const https = require('https');
const { pipeline } = require('stream');

const [host, port, ca] = process.argv.slice(2);
https.get({ host, port, ca: fs.readFileSync(ca) }, (response) => {
  pipeline(response, process.stdout, (error) => {
    if (error) throw error;
  });
});
