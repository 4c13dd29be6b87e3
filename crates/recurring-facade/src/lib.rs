//! One interface to the recurring card payments of five gateways, for applications with several providers.
