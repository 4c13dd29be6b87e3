//! Client for recurring card payments through Revio: clients, purchases, and charges on a recurring token.
