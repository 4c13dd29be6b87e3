/// The version of the tables that this program reads and writes. An earlier one is migrated when the journal is opened, a
/// later one is refused.
pub(crate) const VERSION: i64 = 3;
