'use strict';
/** One real HTTP exchange: UrlFetchApp's options with their URL on standard input, {status, headers, body} on standard output. */

async function exchange({url, method, contentType, headers, payload, followRedirects}) {
  const response = await fetch(url, {
    method: method.toUpperCase(),
    headers: {...headers, 'Content-Type': contentType},
    body: payload,
    redirect: followRedirects ? 'follow' : 'manual',
  });
  return {status: response.status, headers: Object.fromEntries(response.headers), body: await response.text()};
}

let input = '';
process.stdin.on('data', (chunk) => {
  input += chunk;
});
process.stdin.on('end', async () => {
  process.stdout.write(JSON.stringify(await exchange(JSON.parse(input))));
});
