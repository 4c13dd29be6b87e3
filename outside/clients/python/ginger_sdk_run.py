"""Runs `ginger-sdk`, as its users call it, against the sandbox's emspay.

Environment: EMSPAY_BASE_URL and EMSPAY_API_KEY, as the sandbox prints them. The ledger is judged by the caller.
"""

import os

from ginger_sdk import Ginger
from ginger_sdk.api_client import ServerError

import shop


def main():
    # The client adds the version of the API itself.
    endpoint = os.environ["EMSPAY_BASE_URL"].removesuffix("/v1")
    client = Ginger.create_client(endpoint, os.environ["EMSPAY_API_KEY"])
    receiver = shop.Receiver()

    def order(reference, amount, details, **more):
        return {
            "merchant_order_id": reference,
            "currency": "EUR",
            "amount": amount,
            "description": f"Order {reference}",
            "return_url": "https://shop.example/return",
            "webhook_url": receiver.url,
            "transactions": [{"payment_method": "credit-card", "payment_method_details": details}],
            **more,
        }

    def webhook_of(order_id):
        """The platform signs nothing: the order is read again."""
        event = receiver.take()
        assert (event["event"], event["order_id"]) == ("status_changed", order_id), event
        return client.get_order(event["order_id"])

    first = client.create_order(order("ginger-first", 4000, {"recurring_type": "first"}))
    assert first["status"] == "new", first
    # The gateway's document sends the customer to the transaction's `payment_url`, which it prints without a scheme.
    to = shop.pay("http://" + first["transactions"][0]["payment_url"])
    assert to.startswith("https://shop.example/return"), to
    paid = webhook_of(first["id"])
    assert paid["status"] == "completed", paid
    token = paid["transactions"][0]["payment_method_details"]["vault_token"]
    print("first payment, page, webhook: completed, with a token")

    renewal = client.create_order(
        order("ginger-renewal", 2500, {"recurring_type": "recurring", "vault_token": token})
    )
    assert webhook_of(renewal["id"])["status"] == "completed", renewal
    print("renewal, webhook: completed")

    described = client.update_order(paid["id"], {**paid, "description": "Another description"})
    assert described["description"] == "Another description", described
    print("update: the whole order was sent back")

    refund = client.refund_order(renewal["id"], {"amount": 1000, "description": "Refund of ginger-renewal"})
    assert (refund["status"], refund["amount"]) == ("completed", 1000), refund
    webhook_of(renewal["id"])
    print("refund, webhook: completed")

    hold = client.create_order(order("ginger-capture", 1500, {}, capture_mode="manual"))
    shop.pay(hold["order_url"])
    webhook_of(hold["id"])
    client.capture_order_transaction(hold["id"], hold["transactions"][0]["id"])
    assert "has-captures" in webhook_of(hold["id"])["flags"], "nothing was captured"
    print("authorization, capture, webhook: captured")

    # A single payment at the address of the client's README.
    single = {
        "merchant_order_id": "ginger-single",
        "currency": "EUR",
        "amount": 700,
        "description": "Order ginger-single",
        "return_url": "https://shop.example/return",
        "transactions": [{"payment_method": "credit-card"}],
    }
    shop.pay(client.create_order(single)["order_url"])
    print("single payment at order_url: paid")

    try:
        client.create_order(order("ginger-refused", 0, {"recurring_type": "first"}))
    except ServerError as error:
        print(f"an amount of 0: refused as {error}")
    else:
        raise AssertionError("an order of 0 was taken")


if __name__ == "__main__":
    main()
