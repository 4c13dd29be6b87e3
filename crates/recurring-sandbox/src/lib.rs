//! A local stand-in for five payment gateways, with a ledger of the money really taken.
