//! Texts that obey a grammar (RFC 6749 appendix A): checked once, at the door, and kept as they were written.

/// A struct around a text that passed `$check`. Serde and `FromStr` run the same check; no fault repeats the text.
macro_rules! checked_text {
    ($(#[$about:meta])* pub struct $Name:ident($check:path);) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(String);

        impl $Name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $Name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::protocol::Fault;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $Name {
            type Error = $crate::protocol::Fault;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                $check(&text).map(|()| Self(text))
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}
