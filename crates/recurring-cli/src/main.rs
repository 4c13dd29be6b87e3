//! The program `recurring`.

fn main() {}
