<?php
// Sends one change to contact-bridge, with PHP 8 and its curl extension: php send.php
// WEBHOOK_URL=https://<api>/v1/webhooks/<name>  WEBHOOK_SECRET=whsec_…

/** $id names the change. Send the same id and the same body again until the answer is 2xx: a repeat changes nothing. */
function send(array $change, ?string $id = null): int
{
    $id ??= 'msg_' . bin2hex(random_bytes(16));
    $body = json_encode($change, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
    $seconds = (string) time();
    $key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')), true);
    $signature = base64_encode(hash_hmac('sha256', "$id.$seconds.$body", $key, true));
    $request = curl_init(getenv('WEBHOOK_URL'));
    curl_setopt_array($request, [
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 30,
        CURLOPT_HTTPHEADER => [
            'content-type: application/json',
            "webhook-id: $id",
            "webhook-timestamp: $seconds",
            "webhook-signature: v1,$signature",
        ],
    ]);
    curl_exec($request);
    return curl_getinfo($request, CURLINFO_RESPONSE_CODE);
}

$at = (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.v\Z');
$data = ['userId' => 'sample-member', 'version' => $at, 'name' => 'Sample Member', 'roles' => ['staff']];
echo send(['type' => 'user.updated', 'timestamp' => $at, 'data' => $data]), "\n";
