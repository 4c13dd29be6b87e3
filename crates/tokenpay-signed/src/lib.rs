//! Client for recurring card payments through a tokenisation gateway that takes RSA-signed requests.
