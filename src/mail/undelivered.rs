//! Why a letter did not arrive, and what that means for the others.

/// As the log, the metrics and the outbox say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No connection, or one that broke.
    Unreachable,
    /// No encryption as it was asked for, or a certificate that nobody vouches for.
    Tls,
    /// The SMTP server does not let this server in.
    Authentication,
    TimedOut,
    /// The SMTP server takes no mail from this sender.
    SenderRefused,
    /// The SMTP server asks to try again later.
    Postponed,
    /// The SMTP server will never take this letter.
    Refused,
    /// Nothing can be sent to such an address.
    BadAddress,
    BadTemplate,
    /// The folder of development cannot be written to.
    Folder,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::TimedOut => "timed_out",
            Self::SenderRefused => "sender_refused",
            Self::Postponed => "postponed",
            Self::Refused => "refused",
            Self::BadAddress => "bad_address",
            Self::BadTemplate => "bad_template",
            Self::Folder => "folder",
        }
    }

    /// Whether trying again is of no use.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::BadAddress)
    }

    /// Whether other letters would fare no better just now.
    pub const fn is_of_server(self) -> bool {
        !matches!(self, Self::Postponed | Self::Refused | Self::BadAddress | Self::BadTemplate)
    }
}

/// A letter that was not delivered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{about}")]
pub struct Undelivered {
    pub reason: Reason,
    /// In the words of whoever refused. They may repeat the address: for the log of whoever looks for a fault.
    pub about: String,
}

impl Undelivered {
    pub fn new(reason: Reason, about: String) -> Self {
        Self { reason, about }
    }
}
