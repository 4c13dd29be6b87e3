/// Is implemented by the stores of this crate, and by what its tests put around one. It is not part of the API.
pub trait Sealed {}
