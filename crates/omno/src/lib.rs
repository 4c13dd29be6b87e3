//! Client for recurring card payments through Omno: saved cards, payments with a card token, payment status.
