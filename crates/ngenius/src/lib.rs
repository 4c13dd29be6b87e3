//! Client for recurring card payments through N-Genius Online, whose own scheduler repeats the payment.
