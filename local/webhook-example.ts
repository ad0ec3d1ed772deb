/** A signed change for the source `generic`, as lines for bash or zsh with openssl and curl, with a new id and time at each paste. */
export function webhookExample(url: string, secret: string): string {
  const data =
    '"userId":"sample-member","version":"$NOW","name":"Changed Member","email":"sample-member@example.com","roles":["staff"]';
  const body = `{"type":"user.updated","timestamp":"$NOW","data":{${data}}}`;
  return `SECRET='${secret}'
ID="sample-$(openssl rand -hex 8)" AT=$(date +%s) NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)
BODY="${body.replaceAll('"', '\\"')}"
KEY=$(printf %s "\${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf %s "$ID.$AT.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -s ${url}/v1/webhooks/generic -H 'content-type: application/json' --data-binary "$BODY" \\
  -H "webhook-id: $ID" -H "webhook-timestamp: $AT" -H "webhook-signature: v1,$SIGNATURE"`;
}
