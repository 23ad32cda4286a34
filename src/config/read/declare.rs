//! How a setting is declared: once, with its key, type, default, rule and sentence. The reader, the listing, the list
//! of known keys and the reference all come from that declaration.

use super::Faults;
use super::given::Origin;
use super::layers::Gathered;
use super::rule::Rule;

/// Every variable of this server begins so.
pub const VARIABLE_PREFIX: &str = "COUNTERSIGN_";

/// What the code says about one setting.
pub struct Declared {
    /// As in the file: `server.port`, or `issuer` outside every section.
    pub key: String,
    pub section: &'static str,
    /// Names that other software gave to the same thing.
    pub aliases: &'static [&'static str],
    pub about: String,
    pub accepts: String,
    /// The default as an operator may see it; empty when there is none.
    pub default: String,
    pub secret: bool,
}

impl Declared {
    pub fn new<R: Rule>(
        (section, name): (&'static str, &str),
        about: &str,
        aliases: &'static [&'static str],
        rule: &R,
        default: &R::Value,
    ) -> Self {
        Self {
            key: key(section, name),
            section,
            aliases,
            about: about.split_whitespace().collect::<Vec<_>>().join(" "),
            accepts: rule.accepts(),
            default: rule.print(default),
            secret: rule.is_secret(),
        }
    }

    /// The name of the environment variable: `COUNTERSIGN_SERVER__PORT`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.replace('.', "__").to_ascii_uppercase())
    }
}

fn key(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// A group of settings, made by [`section!`].
pub trait Section: Default {
    /// The table of the file; empty for the settings outside every table.
    const NAME: &'static str;
    const ABOUT: &'static str;

    fn declared() -> Vec<Declared>;
    fn read(reader: &mut Reader<'_>) -> Self;
    /// Each key with its value as an operator may see it.
    fn shown(&self) -> Vec<(String, String)>;
}

/// Reads settings out of what the sources gave.
pub struct Reader<'a> {
    pub given: &'a Gathered,
    pub faults: &'a mut Faults,
}

impl Reader<'_> {
    /// The value when a good one was given; a wrong one becomes a fault, and the default stands in for it until the
    /// faults are reported.
    pub fn setting<R: Rule>(&mut self, section: &str, name: &str, rule: &R) -> Option<R::Value> {
        let key = key(section, name);
        let (given, origin) = self.given.get(&key)?;
        rule.read(given).map_err(|wrong| self.faults.of_setting(&key, origin, &wrong)).ok()
    }
}

/// Where each setting got its value.
#[derive(Clone, Debug, Default)]
pub struct Origins(std::collections::BTreeMap<String, Origin>);

impl Origins {
    pub fn of(gathered: &Gathered) -> Self {
        Self(gathered.iter().map(|(key, origin)| (key.to_owned(), origin.clone())).collect())
    }

    pub fn get(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Default)
    }
}

/// Declares a section: `/// about` `"table" => Type { /// about  key: Type = default, rule, "ALIAS"…; … }`.
macro_rules! section {
    (
        #[doc = $about:literal]
        $section:literal => $type:ident {
            $($(#[doc = $doc:literal])+ $name:ident: $value:ty = $default:expr, $rule:expr $(, $alias:literal)*;)+
        }
    ) => {
        #[doc = $about]
        #[derive(Clone, Debug)]
        pub struct $type {
            $($(#[doc = $doc])+ pub $name: $value,)+
        }

        impl Default for $type {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl $crate::config::read::Section for $type {
            const NAME: &'static str = $section;
            const ABOUT: &'static str = $about;

            fn declared() -> Vec<$crate::config::read::Declared> {
                let default = Self::default();
                vec![$($crate::config::read::Declared::new(
                    ($section, stringify!($name)), concat!($($doc),+), &[$($alias),*], &$rule, &default.$name,
                )),+]
            }

            fn read(reader: &mut $crate::config::read::Reader<'_>) -> Self {
                Self { $($name: reader.setting($section, stringify!($name), &$rule).unwrap_or_else(|| $default),)+ }
            }

            fn shown(&self) -> Vec<(String, String)> {
                let keys = Self::declared().into_iter().map(|declared| declared.key);
                let values = [$($crate::config::read::rule::Rule::print(&$rule, &self.$name)),+];
                keys.zip(values).collect()
            }
        }
    };
}
pub(in crate::config) use section;
