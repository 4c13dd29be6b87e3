/// How many parts a JSON text has at most, counted without reading it (a bracket or comma inside of a text counts too);
/// of a short one zero.
/// A part of three bytes becomes hundreds in memory, so the parts are bounded and not only the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    objects_and_lists: usize,
    commas: usize,
}

impl Parts {
    /// Of an answer about one payment, order or client. The largest documented one has 27.
    pub(crate) const ONE_ANSWER: Self = Self { objects_and_lists: 1_000, commas: 10_000 };

    /// Of an answer with a list, whose entries have more than 110 bytes for each object in them: documented ones have 117.
    pub(crate) const fn of_a_list(bytes: usize) -> Self {
        let one = Self::ONE_ANSWER;
        Self {
            objects_and_lists: one.objects_and_lists.saturating_add(bytes / 110),
            commas: one.commas.saturating_add(bytes / 10),
        }
    }

    pub(crate) fn of(body: &[u8]) -> Self {
        // Each part has a byte, and so few are always allowed.
        if body.len() <= Self::ONE_ANSWER.objects_and_lists.min(Self::ONE_ANSWER.commas) {
            return Self { objects_and_lists: 0, commas: 0 };
        }
        let mut parts = Self { objects_and_lists: 0, commas: 0 };
        // Counted in bytes over pieces that cannot overflow one: the compiler makes vector instructions of it.
        for piece in body.chunks(240) {
            let (mut openings, mut commas) = (0_u8, 0_u8);
            for byte in piece {
                // `[` and `{` differ in this bit only.
                openings = openings.wrapping_add(u8::from(byte | 0x20 == b'{'));
                commas = commas.wrapping_add(u8::from(*byte == b','));
            }
            parts.objects_and_lists += usize::from(openings);
            parts.commas += usize::from(commas);
        }
        parts
    }

    pub(crate) fn exceed(self, most: Self) -> bool {
        self.objects_and_lists > most.objects_and_lists || self.commas > most.commas
    }
}
