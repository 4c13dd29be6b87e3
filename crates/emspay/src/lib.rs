//! Client for recurring card payments through EMS Online: first orders, recurring orders on a vault token, orders read back.
