//! The settings of what this server asks others by itself.

use super::read::rule::Flag;
use super::read::section;

section! {
    /// Whom this server calls by itself.
    "outbound" => Outbound {
        /// Whether the addresses that clients registered may lead to this machine and into private networks. Where the issuer
        /// is loopback they may anyway.
        private_addresses: bool = false, Flag;
    }
}
