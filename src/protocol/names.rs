//! Names out of the OAuth and JOSE registries (RFC 6749 §11, RFC 7518 §7.1) as closed enums, each written once.

use std::fmt;

/// What `FromStr` of a closed list of names answers. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not one of those that this server knows")
    }
}

impl std::error::Error for UnknownName {}

/// An enum whose variants stand for texts on the wire: `ALL`, `as_str`, `Display`, `FromStr` and serde.
macro_rules! names {
    ($(#[$about:meta])* pub enum $Name:ident { $($(#[$each:meta])* $Variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Name { $($(#[$each])* $Variant,)+ }

        impl $Name {
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::protocol::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$Variant),)+ _ => Err($crate::protocol::UnknownName) }
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
