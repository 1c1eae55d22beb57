"""A JSON object about the build, posted to any address."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

from pikoci.internal.worker.notifications.bounded import post
from pikoci.internal.worker.notifications.model import Message


class Webhook:
    """Posts what docs/pipeline.md describes, signed if there is a `secret`."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        build = message.build
        body = msgspec.json.encode(
            {
                "notification": message.notification,
                "delivery": message.delivery,
                "sent_at": datetime.fromtimestamp(message.now, UTC).isoformat(timespec="seconds"),
                "message": message.text(),
                "status": message.status,
                "team": build.team,
                "pipeline": build.pipeline,
                "job": build.job,
                "build": build.number,
                "build_id": build.id,
                "url": build.url,
            }
        )
        headers = {"Content-Type": "application/json", "X-PikoCI-Delivery": message.delivery}
        if secret := message.secret("secret"):
            signature = hmac.new(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={signature}"
        post(message.lifetime, message.secret("url"), body, headers)
