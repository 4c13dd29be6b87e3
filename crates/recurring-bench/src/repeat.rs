//! Repeats a charge, and keeps apart what is counted.

/// Charges so often. What a charge begins with is made before it, and not counted: see [`measured`].
pub(crate) fn repeat<I>(times: usize, input: impl Fn() -> I, charge: impl Fn(I)) -> bool {
    for _ in 0..times {
        measured(input(), &charge);
    }
    true
}

/// What callgrind counts: it goes by the name.
#[inline(never)]
fn measured<I>(input: I, charge: impl Fn(I)) {
    charge(input);
}
