# Sends one change to contact-bridge, with Python 3.9 or later and nothing else: python3 send.py
# WEBHOOK_URL=https://<api>/v1/webhooks/<name>  WEBHOOK_SECRET=whsec_…
import base64
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone


def send(change, message_id=None):
    """message_id names the change. Send the same id and the same body again until the answer is 2xx: a repeat changes nothing."""
    message_id = message_id or f"msg_{uuid.uuid4()}"
    body = json.dumps(change, ensure_ascii=False).encode("utf-8")
    seconds = str(int(time.time()))
    key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
    signed = f"{message_id}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }
    request = urllib.request.Request(os.environ["WEBHOOK_URL"], data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
data = {"userId": "sample-member", "version": at, "name": "Sample Member", "roles": ["staff"]}
print(send({"type": "user.updated", "timestamp": at, "data": data}))
