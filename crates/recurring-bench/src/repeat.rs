//! Repeats a charge, and keeps apart what is counted.

/// Charges so often. What a charge begins with is made before it, and not counted: see [`measured`].
pub(crate) fn repeat<I>(times: usize, input: impl Fn() -> I, charge: impl Fn(I)) -> bool {
    for _ in 0..times {
        measured(input(), &charge);
    }
    true
}

/// One charge, or the charges over a kept connection: what callgrind counts, which goes by the name.
#[inline(never)]
pub(crate) fn measured<I>(input: I, charge: impl FnOnce(I)) {
    charge(input);
}
