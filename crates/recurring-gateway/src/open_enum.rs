/// Defines an open enum: the values known today, and `Other`, which keeps the text of an unknown value and cannot be made
/// by a caller.
///
/// A gateway may add a value at any time; that must never make an answer about money unreadable. A member that is
/// not a text (or is null) becomes `Other` with its literal text. `ignore_case` accepts any letter case.
#[macro_export]
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $crate::open_enum!(@ str::eq, $(#[$meta])* pub enum $name { $($(#[$variant_meta])* $variant = $text,)+ });
    };
    (ignore_case $(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $crate::open_enum!(@ str::eq_ignore_ascii_case, $(#[$meta])* pub enum $name { $($(#[$variant_meta])* $variant = $text,)+ });
    };
    (@ $same:path, $(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version does not know, as the gateway wrote it.
            Other($crate::UnknownValue),
        }

        impl $name {
            /// Every value known today, in the order of the definition.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// Clears an unknown value of the secrets of a request. A known one stays as it is.
            #[allow(dead_code, reason = "not every enum of every crate quotes a gateway's words")]
            pub(crate) fn cleared(self, reply: &$crate::__Reply) -> Self {
                match self {
                    Self::Other(text) => Self::Other($crate::UnknownValue::__of(reply.shown(text.as_str()))),
                    known => known,
                }
            }

            /// Returns the gateway's own text.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $(if $same(text, $text) { return Self::$variant; })+
                Self::Other($crate::UnknownValue::__of(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(&*$crate::lenient::borrowed_text(deserializer)?.unwrap_or_default()))
            }
        }

        /// Missing or null: not known.
        impl Default for $name {
            fn default() -> Self {
                Self::Other($crate::UnknownValue::default())
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro defines public types")]
mod tests {
    open_enum! {
        /// A status.
        pub enum Status {
            /// New.
            New = "new",
            /// Paid.
            Paid = "paid",
        }
    }

    open_enum! {
        ignore_case
        /// A status in any letter case.
        pub enum Loose {
            /// Success.
            Success = "Success",
        }
    }

    #[test]
    fn a_new_value_keeps_its_text() {
        let read = |json: &str| serde_json::from_str::<Status>(json).expect(json);
        assert_eq!(read(r#""paid""#), Status::Paid);
        assert_eq!(read(r#""PAID""#), Status::from("PAID"));
        assert!(matches!(read(r#""PAID""#), Status::Other(text) if text.as_str() == "PAID"));
        assert_eq!(read(r#""half_paid""#).as_str(), "half_paid");
        assert_eq!(read("null"), Status::default());
        assert_eq!(read("7"), Status::from("7"));
        assert_eq!(read("{}"), Status::default());
        assert_eq!(serde_json::to_string(&Status::from("x")).expect("json"), r#""x""#);
        assert_eq!(Loose::from("SUCCESS"), Loose::Success);
        assert_eq!(Loose::from("success?"), Loose::from("success?"));
        assert_eq!(Status::KNOWN, ["new", "paid"]);
        assert_eq!(Loose::KNOWN, ["Success"]);
    }
}
