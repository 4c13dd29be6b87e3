//! Reads fixtures/ and runs a fault server on loopback, for the tests of this workspace.
