"""Speaks to the simulator as stripe-python does, and prints as JSON what came of it.

    stripe_python_client.py payments BASE KEY     payments, captures, refunds, and lists read to their end
    stripe_python_client.py webhooks              verifies what it reads: {"payload", "header", "secret"} as JSON
"""

import json
import sys

import stripe
from stripe import StripeClient, Webhook

AUTOMATIC = {"enabled": True, "allow_redirects": "never"}


def payments(base, key):
    client = StripeClient(key, base_addresses={"api": base}, max_network_retries=0)
    intents = client.v1.payment_intents
    paid = intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": AUTOMATIC,
            "metadata": {"order": "6735"},
        }
    )
    created = intents.create({"amount": 1000, "currency": "usd", "automatic_payment_methods": AUTOMATIC})
    confirmed = intents.confirm(created.id, {"payment_method": "pm_card_mastercard"})
    held = intents.create(
        {
            "amount": 3000,
            "currency": "usd",
            "capture_method": "manual",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": AUTOMATIC,
        }
    )
    captured = intents.capture(held.id, {"amount_to_capture": 2500})
    refund = client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    read = intents.retrieve(paid.id, {"expand": ["latest_charge"]})
    return {
        "paid": summary(paid),
        "created": summary(created),
        "confirmed": summary(confirmed),
        "held": summary(held),
        "captured": summary(captured),
        "refund": {"status": refund.status, "amount": refund.amount, "of": refund.payment_intent},
        "read": {"order": read.metadata["order"], "refunded": getattr(read.latest_charge, "amount_refunded", None)},
        "declined": declined(client),
        "refused": refused(client),
        "listed": [intent.id for intent in intents.list({"limit": 100}).auto_paging_iter()],
        "backwards": backwards(client, paid.id),
    }


def summary(intent):
    return {"id": intent.id, "status": intent.status, "received": intent.amount_received}


def backwards(client, after):
    """The intents since `after`, read from it towards the newest."""
    page = client.v1.payment_intents.list({"limit": 100, "ending_before": after})
    return [intent.id for intent in page.auto_paging_iter()]


def declined(client):
    try:
        client.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
                "automatic_payment_methods": AUTOMATIC,
            }
        )
    except stripe.CardError as error:
        return {
            "status": error.http_status,
            "code": error.code,
            "decline_code": error.error.decline_code,
            "intent": error.error.payment_intent["status"],
            "request": bool(error.request_id),
        }
    return None


def refused(client):
    try:
        client.v1.payment_intents.create({"amount": 2000, "currency": "usd", "colour": "red"})
    except stripe.InvalidRequestError as error:
        return {"status": error.http_status, "code": error.code, "param": error.param}
    return None


def webhooks():
    return [verdict(letter) for letter in json.load(sys.stdin)]


def verdict(letter):
    try:
        event = Webhook.construct_event(letter["payload"], letter["header"], letter["secret"])
    except stripe.SignatureVerificationError as error:
        return {"refused": str(error)}
    return {"type": event.type, "id": event.id}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps({"payments": payments, "webhooks": webhooks}[command](*arguments)))
