import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

// A page whose policy names no host of a script: what has the nonce may run, and what such a script brings.

const { API = 'http://localhost:3000', MAIAGENT = 'http://127.0.0.1:*', PORT = '8081' } = process.env;

const policy = (nonce) =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `connect-src ${API} ${MAIAGENT}`,
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types contact-bridge',
  ].join('; ');

const page = (nonce) => `<!doctype html>
<html lang="en">
  <title>Strict policy</title>
  <body>
    <h1>Strict policy</h1>
    <button id="in">Sign in</button>
    <button id="out">Sign out</button>
    <script nonce="${nonce}" src="${API}/contact-bridge.js"></script>
    <script nonce="${nonce}">
      contactBridge.start({ api: '${API}', token: () => sessionStorage.getItem('token') });

      function signIn(token) {
        sessionStorage.setItem('token', token);
        contactBridge.personChanged();
      }
      document.getElementById('in').addEventListener('click', () => signIn(prompt('Token') ?? ''));
      document.getElementById('out').addEventListener('click', () => signIn(''));
    </script>
  </body>
</html>`;

createServer((request, response) => {
  const nonce = randomBytes(16).toString('base64');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce) });
  response.end(page(nonce));
})
  .listen(Number(PORT), '127.0.0.1')
  .on('listening', function () {
    console.log(`http://localhost:${this.address().port}`);
  });
